// promptfoo's Live provider talks to the local server: a spoken question, a function, its result.
// node tests/peers/live_promptfoo.mjs ws://127.0.0.1:8765 FOLDER, where FOLDER/node_modules has promptfoo.
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const [server, folder] = process.argv.slice(2);
const dist = join(folder, "node_modules", "promptfoo", "dist", "src");
// The package does not export the provider: it is in one of several files of the same content.
const files = readdirSync(dist).filter((name) => /^live-.*\.js$/.test(name));
const modules = await Promise.allSettled(files.map((name) => import(join(dist, name))));
const { OpenAiLiveProvider } = modules.find((each) => each.value?.OpenAiLiveProvider).value;
const clip = join(dirname(fileURLToPath(import.meta.url)), "..", "data", "speech", "michael-01.wav");
const asked = [];
const tool = {
  type: "function",
  name: "get_weather",
  description: "The weather in a city.",
  parameters: { type: "object", properties: { city: { type: "string" } } },
};
const provider = new OpenAiLiveProvider("gpt-live-1", {
  config: {
    apiBaseUrl: `${server.replace("ws:", "http:")}/v1`,
    apiKey: "none",
    responseWindowMs: 9000,
    delegation: { type: "responses", responses: { model: "gpt-5.2", tools: [tool] } },
    functionCallHandler: async (name, args) => {
      asked.push([name, JSON.parse(args)]);
      return "sunny, 20 degrees";
    },
  },
});
const sound = { data: readFileSync(clip).toString("base64"), format: "wav" };
const prompt = [{ role: "user", content: [{ type: "input_audio", input_audio: sound }] }];
const answer = await provider.callApi(JSON.stringify(prompt));
console.log(`called ${JSON.stringify(asked)}\nsaid ${JSON.stringify(answer.output)}\nerror ${answer.error}`);
const fine = JSON.stringify(asked) === '[["get_weather",{"city":"Paris"}]]' && answer.output.includes("20 degrees");
process.exit(fine && !answer.error ? 0 : 1);
