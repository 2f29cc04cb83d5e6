"""Operations that several services have: written once, with each service's spelling and errors as parameters."""
