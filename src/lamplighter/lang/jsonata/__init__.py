"""JSONata expressions: compiled, evaluated, and reported in the words of AWS."""
