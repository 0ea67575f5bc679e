"""What people see and press: folds of the entry stream, and the faces that draw them."""
