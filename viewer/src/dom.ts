/** Elements and labelled controls in few words. */

type Child = Node | string | null | undefined | false;
type Attributes = Record<string, string | number | boolean | undefined>;

/** An element with attributes (true: present; false or undefined: absent) and children. Text is never read as HTML. */
export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== undefined) made.setAttribute(name, String(value));
  }
  made.append(...children.filter((child): child is Node | string => !!child || child === ""));
  return made;
}

export function button(id: string, text: string, onClick: () => void, attributes: Attributes = {}): HTMLButtonElement {
  const made = h("button", { id, type: "button", ...attributes }, text);
  made.addEventListener("click", onClick);
  return made;
}

export interface Control {
  element: HTMLElement;
  /** Shows a value that was set elsewhere; nobody is told. */
  set(value: number): void;
}

/** A slider with its label and its value in words. onInput's second argument: whether more events are about to follow. */
export function slider(
  id: string,
  label: string,
  range: { min: number; max: number; step: number; value: number },
  tell: (value: number) => string,
  onInput: (value: number, moving: boolean) => void,
): Control {
  const input = h("input", { id, type: "range", min: range.min, max: range.max, step: range.step });
  const output = h("output", { for: id });
  const show = () => {
    output.textContent = tell(Number(input.value));
    input.setAttribute("aria-valuetext", output.textContent);
  };
  const set = (value: number) => {
    input.value = String(value);
    show();
  };
  input.addEventListener("input", () => (show(), onInput(Number(input.value), true)));
  input.addEventListener("change", () => onInput(Number(input.value), false));
  set(range.value);
  return { element: h("div", { class: "slider" }, h("label", { for: id }, label), input, output), set };
}

/** A list to choose from. */
export function choice<Value extends string>(
  id: string,
  label: string,
  options: readonly (readonly [Value, string])[],
  value: Value,
  onChange: (value: Value) => void,
): { element: HTMLElement; select: HTMLSelectElement } {
  const select = h("select", { id }, ...options.map(([name, text]) => h("option", { value: name }, text)));
  select.value = value;
  select.addEventListener("change", () => onChange(select.value as Value));
  return { element: h("div", { class: "choice" }, h("label", { for: id }, label), select), select };
}

/** Buttons of which one is down; ids are `<name>-<value>`. */
export function radios<Value extends string>(
  name: string,
  label: string,
  options: readonly (readonly [Value, string])[],
  value: Value,
  onChange: (value: Value) => void,
): HTMLElement {
  const made = options.map(([one, text]) => {
    const input = h("input", { id: `${name}-${one}`, type: "radio", name, value: one, checked: one === value });
    input.addEventListener("change", () => onChange(one));
    return h("label", {}, input, h("span", {}, text));
  });
  return h("fieldset", { class: "radios", id: name }, h("legend", {}, label), h("div", {}, ...made));
}

export function checkbox(id: string, label: string, value: boolean, onChange: (value: boolean) => void): HTMLElement {
  const input = h("input", { id, type: "checkbox", checked: value });
  input.addEventListener("change", () => onChange(input.checked));
  return h("label", { class: "checkbox", for: id }, input, label);
}

export const percent = (value: number) => `${Math.round(value * 100)} %`;
