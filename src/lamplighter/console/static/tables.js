// Name each cell of a table by its column, so that a phone can show a row as a list of named values (tables.css).

function nameCells(root) {
  for (const table of root.querySelectorAll(".scroll table:is(:not([class]), .findings)")) {
    const names = [...(table.tHead?.rows[0].cells ?? [])].map((each) => each.textContent.trim());
    for (const row of table.tBodies[0]?.rows ?? []) {
      if (row.cells.length !== names.length) continue; // a cell that spans columns speaks for itself
      for (const cell of row.querySelectorAll(":scope > td")) cell.dataset.label ??= names[cell.cellIndex] ?? "";
    }
  }
}

nameCells(document);
document.addEventListener("renewed", ({ target }) => nameCells(target));
