"""Write the made pages of the manual: `make reference`."""

from tests.docs.reference.made_pages import made_pages

for path, text in made_pages().items():
    path.write_text(text)
