/** The demo page: choosing a picture, and a slider between any two forms of it. */

import {
  type Comparison,
  EXAMPLES,
  type Example,
  type Shown,
  compareExample,
  compareFile,
} from "./pictures";

const find = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T;
const stage = find("stage");
const slider = find<HTMLInputElement>("slider");
const progress = find<HTMLProgressElement>("progress");
const quality = find<HTMLInputElement>("quality");
const input = find<HTMLInputElement>("file");
const drop = find("drop");
const sides = ["left", "right"] as const;

let run = new AbortController();
let shown: Shown[] = [];
let lastFile: Blob | null = null;

/** Make a comparison and show it, unless another one is started before it is done. */
async function start(
  make: (watch: { onprogress(share: number): void; signal: AbortSignal }) => Promise<Comparison>,
): Promise<void> {
  run.abort();
  const { signal } = (run = new AbortController());
  const onprogress = (share: number): void => void (progress.value = share);
  progress.value = 0;
  progress.hidden = false;
  say("Restoring. The first picture loads the runtime, about 3 MB.");
  try {
    const comparison = await make({ onprogress, signal });
    if (signal.aborted) for (const { bitmap } of comparison.pictures) bitmap.close();
    else show(comparison);
  } catch (error) {
    if (!signal.aborted) say(error instanceof Error ? error.message : String(error));
  } finally {
    if (!signal.aborted) progress.hidden = true;
  }
}

function show({ said, pictures, first }: Comparison): void {
  for (const { bitmap } of shown) bitmap.close();
  shown = pictures;
  say(said);
  find("result").hidden = false;
  sides.forEach((side, index) => {
    const select = find<HTMLSelectElement>(side);
    select.replaceChildren(
      ...pictures.map(({ name }, number) => new Option(name, String(number))),
    );
    select.value = String(first[index]);
    draw(side);
  });
  const { width, height } = pictures.at(-1)!.bitmap;
  stage.style.aspectRatio = `${width} / ${height}`;
  stage.style.maxWidth = `${width}px`;
  find("facts").replaceChildren(...pictures.map((picture) => row(picture, width * height)));
}

function draw(side: (typeof sides)[number]): void {
  const { name, bitmap } = shown[Number(find<HTMLSelectElement>(side).value)];
  const canvas = find<HTMLCanvasElement>(`${side}-picture`);
  canvas.width = bitmap.width;
  canvas.height = bitmap.height;
  canvas.getContext("2d")?.drawImage(bitmap, 0, 0);
  find(`${side}-name`).textContent = name;
}

function row({ name, bytes, milliseconds }: Shown, pixels: number): HTMLTableRowElement {
  const cells = [
    name,
    bytes === null ? "" : bytes.toLocaleString("en"),
    bytes === null ? "" : ((8 * bytes) / pixels).toFixed(2),
    milliseconds === null ? "" : `${(milliseconds / 1000).toFixed(2)} s`,
  ];
  const line = document.createElement("tr");
  for (const text of cells) line.insertCell().textContent = text;
  return line;
}

const say = (text: string): void => void (find("said").textContent = text);

function take(file: Blob): void {
  lastFile = file;
  press(null);
  void start(async (watch) => {
    const comparison = await compareFile(file, Number(quality.value), watch);
    if (!watch.signal.aborted) find("quality-row").hidden = !comparison.coded;
    return comparison;
  });
}

function press(pressed: Element | null): void {
  for (const button of find("examples").children) {
    button.setAttribute("aria-pressed", String(button === pressed));
  }
}

async function listExamples(): Promise<void> {
  const response = await fetch(new URL("examples.json", EXAMPLES));
  if (!response.ok) return;
  const examples = (await response.json()) as Example[];
  for (const example of examples) {
    const button = document.createElement("button");
    const image = new Image();
    image.src = new URL(example.compact, EXAMPLES).href;
    image.alt = "";
    button.append(image, example.title);
    button.setAttribute("aria-pressed", "false");
    button.addEventListener("click", () => {
      find("quality-row").hidden = true;
      press(button);
      void start((watch) => compareExample(example, watch));
    });
    find("examples").append(button);
  }
  const { connection } = navigator as { connection?: { saveData?: boolean } };
  if (connection?.saveData !== true) (find("examples").firstElementChild as HTMLElement)?.click();
}

input.addEventListener("change", () => {
  const [file] = input.files ?? [];
  if (file) take(file);
});
addEventListener("dragover", (event) => {
  event.preventDefault();
  drop.classList.add("over");
});
addEventListener("dragleave", () => drop.classList.remove("over"));
addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  const [file] = event.dataTransfer?.files ?? [];
  if (file) take(file);
});
quality.addEventListener("input", () => (find("quality-value").textContent = quality.value));
quality.addEventListener("change", () => lastFile && take(lastFile));
slider.addEventListener("input", () => stage.style.setProperty("--seen", `${slider.value}%`));
for (const side of sides) find(side).addEventListener("change", () => draw(side));

void listExamples();
