/** What the page asks of the relay: its buttons, by `POST /actions/NAME`. */

/**
 * @param {string} action
 * @param {unknown} [asked]
 * @returns {Promise<{ said: string, where?: Record<string, string> }>} never rejects
 */
export async function ask(action, asked) {
  try {
    const response = await fetch(`actions/${action}`, {
      method: 'POST',
      headers: { 'x-falco-relay': 'page' },
      ...(asked === undefined ? {} : { body: JSON.stringify(asked) }),
    });
    return await response.json();
  } catch {
    return { said: 'The relay did not answer.' };
  }
}

/** One press at a time. Not `disabled`: that would take the focus away from who uses the keyboard. */
export async function whileBusy(button, work) {
  if (button.getAttribute('aria-disabled') === 'true') return;
  button.setAttribute('aria-disabled', 'true');
  try {
    await work();
  } finally {
    button.removeAttribute('aria-disabled');
  }
}
