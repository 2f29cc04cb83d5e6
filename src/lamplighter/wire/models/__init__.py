"""Operations and shapes from botocore's models, and the validation that they imply."""
