// What the browser tests share: Chromium, a page that reports what it should not do, and the checks every screen must pass.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

export const base = process.env.BASE_URL ?? "http://localhost:8080";

/** Starts Chromium (CHROMIUM names another binary than Debian's) on a profile of its own. */
export const launch = async (options = {}) => {
  const profile = mkdtempSync(join(tmpdir(), "gatehouse-browser-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    headless: true,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
    ...options,
  });
  context.setDefaultTimeout(15_000);
  const close = async () => {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  };
  return { context, close };
};

/** Opens a page that notes every request outside `origins`, every refusal of the content security policy and every script error. */
export const openPage = async (context, origins = [new URL(base).origin]) => {
  const page = await context.newPage();
  const faults = [];
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.protocol.startsWith("http") && !origins.includes(url.origin)) faults.push(`request to ${request.url()}`);
  });
  page.on("pageerror", (error) => faults.push(`script error: ${error.message}`));
  page.on("console", (message) => {
    if (/content security policy|refused to/i.test(message.text())) faults.push(message.text());
  });
  return { page, faults };
};

/**
 * Looks for what keeps people out of a screen: controls without a name, text without contrast (WCAG 2.2 AA), no heading or main, several elements of
 * one id. Returns the complaints.
 */
export const inaccessible = (page) =>
  page.evaluate(async () => {
    // Colours on their way from one to the other are nobody's.
    await Promise.all(document.getAnimations().filter((a) => a.effect.getComputedTiming().endTime !== Infinity).map((a) => a.finished.catch(() => {})));
    const complaints = [];
    const isSeen = (element) => element.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true }) && !element.closest("[aria-hidden='true'], .unseen");
    const nameOf = (element) =>
      (element.getAttribute("aria-label") ?? [...(element.labels ?? [])].map((l) => l.textContent).join(" ") ?? "").trim() ||
      element.textContent.trim() ||
      element.getAttribute("alt") ||
      element.title;
    for (const element of document.querySelectorAll("a[href], button, input, select, textarea, [role=button]")) {
      if (isSeen(element) && !nameOf(element)) complaints.push(`no name: ${element.outerHTML.slice(0, 80)}`);
    }
    for (const image of document.querySelectorAll("img:not([alt])")) complaints.push(`no alt: ${image.outerHTML.slice(0, 80)}`);
    if (!document.documentElement.lang) complaints.push("no language");
    if (!document.title) complaints.push("no title");
    if (document.querySelectorAll("main").length !== 1) complaints.push("not exactly one main");
    if (document.querySelectorAll("h1").length !== 1) complaints.push("not exactly one h1");
    const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
    for (const id of ids.filter((id, i) => ids.indexOf(id) !== i)) complaints.push(`id ${id} twice`);
    for (const element of document.querySelectorAll("[aria-describedby], [aria-controls]")) {
      for (const id of `${element.getAttribute("aria-describedby") ?? ""} ${element.getAttribute("aria-controls") ?? ""}`.split(/\s+/).filter(Boolean))
        if (!document.getElementById(id)) complaints.push(`${id} is referred to and not there`);
    }

    // Colours as the browser resolves them, whatever notation they were written in.
    const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const rgba = (colour) => {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = colour;
      canvas.fillRect(0, 0, 1, 1);
      const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
      return [r, g, b, a / 255];
    };
    const over = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3]));
    const groundOf = (element) => {
      const layers = [];
      for (let e = element; e; e = e.parentElement) layers.push(rgba(getComputedStyle(e).backgroundColor));
      return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255]);
    };
    const luminance = (colour) => {
      const [r, g, b] = colour.map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const element = node.parentElement;
      if (!node.textContent.trim() || !isSeen(element) || ["SCRIPT", "STYLE", "NOSCRIPT"].includes(element.tagName)) continue;
      const style = getComputedStyle(element);
      const ground = groundOf(element);
      const [high, low] = [luminance(over(rgba(style.color), ground)), luminance(ground)].sort((a, b) => b - a);
      const contrast = (high + 0.05) / (low + 0.05);
      const isLarge = Number.parseFloat(style.fontSize) >= 24 || (Number.parseFloat(style.fontSize) >= 18.66 && Number(style.fontWeight) >= 700);
      if (contrast < (isLarge ? 3 : 4.5)) complaints.push(`contrast ${contrast.toFixed(2)}: "${node.textContent.trim().slice(0, 40)}"`);
    }
    if (document.documentElement.scrollWidth > innerWidth) complaints.push(`scrolls sideways: ${document.documentElement.scrollWidth} > ${innerWidth}`);
    return complaints;
  });
