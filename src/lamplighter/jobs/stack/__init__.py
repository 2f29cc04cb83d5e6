"""The template, resource family by resource family; each module says which resources it makes of a project."""
