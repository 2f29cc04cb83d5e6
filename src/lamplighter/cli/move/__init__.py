"""The parts of `move`, which hands the jobs of a box over to AWS, or back."""
