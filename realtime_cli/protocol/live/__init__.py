"""The Live protocol on the wire: session, events, limits, and their conversion from and to JSON.

Live is OpenAI's protocol of ``gpt-live-*`` at ``/v1/live/sessions``: one stream of sound each way, no items,
no responses, no truncation. ``session`` holds the session object, ``client_events`` and ``server_events`` the
events, ``limits`` what the service accepts. Shapes are those of the ``openai`` package's ``types.live`` 3.57.
Reading is as lenient and ``protocol.strict`` as strict as for Realtime. What events mean does not belong
here.
"""
