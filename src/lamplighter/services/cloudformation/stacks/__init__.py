"""Operations on stacks and change sets, and what they report."""
