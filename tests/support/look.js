// Looks at every frame as a reader's eyes and a browser's parser would, and writes down what it saw.

function contrast(one, other) {
  const light = (colour) => {
    const [r, g, b] = colour.map((part) => part / 255).map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const [dark, bright] = [light(one), light(other)].sort((a, b) => a - b);
  return (bright + 0.05) / (dark + 0.05);
}

const parts = (colour) => colour.match(/[\d.]+/g).map(Number);

function behind(element) {
  for (let at = element; at; at = at.parentElement) {
    const [r, g, b, a = 1] = parts(getComputedStyle(at).backgroundColor);
    if (a > 0) return [r, g, b];
  }
  return [255, 255, 255];
}

function faint(page) {
  const texts = [...page.body.querySelectorAll("*")].filter((element) =>
    [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim()));
  return texts.map((element) => ({
    text: element.textContent.trim().slice(0, 40),
    contrast: contrast(parts(getComputedStyle(element).color).slice(0, 3), behind(element)),
  })).filter((seen) => seen.contrast < 4.5);
}

function look(frame) {
  const page = frame.contentDocument;
  const all = [...page.querySelectorAll("*")];
  return {
    frame: frame.id,
    dark: matchMedia("(prefers-color-scheme: dark)").matches,
    width: page.documentElement.clientWidth,
    needs: page.documentElement.scrollWidth,
    active: page.querySelectorAll("script, img, iframe, object, embed, link, form, input, video, audio").length,
    handlers: all.flatMap((element) => [...element.attributes]).filter((attribute) => attribute.name.startsWith("on")).length,
    links: [...page.querySelectorAll("[href], [src]")].map((element) => element.getAttribute("href") ?? element.getAttribute("src")),
    title: page.title,
    language: page.documentElement.lang,
    headings: page.querySelectorAll("h1").length,
    captionless: [...page.querySelectorAll("table")].filter((table) => !table.caption || !table.caption.textContent.trim()).length,
    faint: faint(page),
  };
}

addEventListener("load", () => {
  const seen = [...document.querySelectorAll("iframe")].map(look);
  document.body.replaceChildren(Object.assign(document.createElement("pre"), { textContent: JSON.stringify(seen) }));
});
