// What a helpdesk's rich-text editor makes of HTML that an app hands it, for the workspace's plain-text one.

const BLOCK = /<(p|div|ul|ol|blockquote|pre|h[1-6])[\s>]/i;

export function plain(htmlOrText) {
  const flowing = String(htmlOrText).replace(/\s*\n\s*/g, " ");
  const lines = flowing.replace(/<br\s*\/?>|<\/li>|<\/div>/gi, "$&\n").replace(/<\/p>/gi, "$&\n\n");
  const page = new DOMParser().parseFromString(lines, "text/html");
  return page.body.textContent.replaceAll("\u00a0", " ").replace(/\n{3,}/g, "\n\n").replace(/^\n+|\s+$/g, "");
}

// At the cursor; a paragraph stands by itself there. Never sent for the agent.
export function insert(editor, htmlOrText) {
  if (editor.closest("[hidden]")) throw new Error("There is no reply editor: the ticket is closed");
  const before = editor.value.slice(0, editor.selectionStart);
  const after = editor.value.slice(editor.selectionEnd);
  const isBlock = BLOCK.test(htmlOrText);
  const gap = (beside, edge) => (isBlock && beside ? "\n".repeat(Math.max(0, 2 - edge.exec(beside)[0].length)) : "");
  const text = gap(before, /\n{0,2}$/) + plain(htmlOrText) + gap(after, /^\n{0,2}/);
  editor.setRangeText(text, editor.selectionStart, editor.selectionEnd, "end");
  editor.focus();
}
