// The fields of a form as the browser sends them when a button is pressed.
/** @type {(form: HTMLFormElement, button?: HTMLElement | null) => URLSearchParams} */
export function fieldsOf(form, button) {
  return new URLSearchParams(/** @type {any} */ (new FormData(form, button)));
}
