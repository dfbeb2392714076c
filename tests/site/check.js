// Looks at the finished site in a headless Chromium, from disk, as a reader would:
//   NODE_PATH=…/node_modules node tests/site/check.js docs/site [CHECK...]
// scripts/docs.sh --check calls it. Whatever is wrong is a line, and the end says how much
// was looked at. A CHECK is one of those at the end; without any, all are made. With
// PICTURES=FOLDER, what was looked at is kept as PNG; PAGES=PATTERN looks at some only.
"use strict";
const fs = require("fs");
const path = require("path");
const {pathToFileURL} = require("url");
const {chromium} = require("playwright-core");
const axe = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const site = path.resolve(process.argv[2]);
const asked = process.argv.slice(3);
const pictures = process.env.PICTURES;
const program = process.env.CHROMIUM;
const base = pathToFileURL(site + "/").href;
const widths = [390, 820, 1440];
const schemes = ["light", "dark"];

const all = fs.readdirSync(site, {recursive: true}).filter((name) => name.endsWith(".html")).sort();
const texts = all.filter((name) => !name.includes("/") || name.endsWith("/index.html"));
// Of the pages that Doxygen makes, one of each kind.
const kinds = [/sources\.html$/, /annotated\.html$/, /struct[^/]*\.html$/, /[^s]_8h\.html$/, /socket_8h\.html$/,
    /_8h_source\.html$/, /executor_8c_source\.html$/];
const kept = [...texts, ...kinds.map((kind) => all.find((name) => kind.test(name)))]
    .filter((name) => new RegExp(process.env.PAGES || "").test(name));

const seen = new Map();
function wrong(where, what) {
    const line = `${where}: ${what}`;
    if (!seen.has(line)) console.log(line);
    seen.set(line, true);
}
function must(condition, where, what) {
    if (!condition) wrong(where, what);
}

// A page in which each message of the console and each request is looked at.
async function watched(browser, width, colorScheme, where) {
    const context = await browser.newContext({viewport: {width, height: 900}, colorScheme});
    const page = await context.newPage();
    const say = (what) => wrong(`${where.name} at ${width}, ${colorScheme}`, what);
    page.on("console", (message) => message.type() === "error" && say(`the console says '${message.text()}'.`));
    page.on("pageerror", (error) => say(`a script fails: ${error.message}.`));
    page.on("requestfailed", (request) => say(`'${request.url()}' cannot be loaded.`));
    page.on("request", (request) => {
        if (!request.url().startsWith(base) && !request.url().startsWith("data:")) say(`it asks for '${request.url()}'.`);
    });
    return page;
}

// --- In the page: what stands where ----------------------------------------------

// The contents list against everything beside it, and every block against the next.
function overlaps() {
    const box = (node) => node.getBoundingClientRect();
    const name = (node) => `${node.tagName.toLowerCase()}.${node.className} '${node.textContent.trim().slice(0, 30)}'`;
    const cross = (a, b) => {
        const [one, two] = [box(a), box(b)];
        return one.width && two.width && Math.min(one.right, two.right) - Math.max(one.left, two.left) > 1 &&
            Math.min(one.bottom, two.bottom) - Math.max(one.top, two.top) > 1;
    };
    const shown = (selector) => [...document.querySelectorAll(selector)].filter((node) => box(node).height > 0);
    const found = [];
    const compare = (one, others) => others.forEach((other) => {
        if (one !== other && !one.contains(other) && !other.contains(one) && cross(one, other))
            found.push(`${name(one)} lies over ${name(other)}.`);
    });
    shown(".toc").forEach((toc) => compare(toc, shown("h1, .textblock *, .walk, .page-foot, header *")));
    [shown("body > *"), shown("main > *"), shown(".contents > *"), shown(".textblock > *"), shown(".bar > *"),
        shown(".bar > *, .bar form > *, .bar .chapters > a"), shown(".memitem > *")].forEach((blocks) =>
        blocks.forEach((block, i) => compare(block, blocks.slice(i + 1))));
    shown("main *").forEach((node) => {
        if (node.closest(".fragment, .scroll, .memproto, .anchorlink, .memberdecls")) return;
        if (box(node).left < -1) found.push(`${name(node)} begins beyond the window's left edge.`);
        if (box(node).right > innerWidth + 1) found.push(`${name(node)} ends beyond the window's right edge.`);
    });
    if (document.documentElement.scrollWidth > innerWidth) found.push("the page is wider than the window.");
    return found;
}

function bones() {
    const found = [];
    const count = (selector) => document.querySelectorAll(selector).length;
    if (count("h1") !== 1) found.push(`it has ${count("h1")} headings h1, not one.`);
    if (count("main") !== 1) found.push(`it has ${count("main")} landmarks main, not one.`);
    if (document.documentElement.lang !== "en") found.push("its language is not said.");
    if (!document.title) found.push("it has no title.");
    if (!count(".walk a")) found.push("nothing leads on from it, or back.");
    document.querySelectorAll(".toc a").forEach((link) => {
        if (!document.getElementById(decodeURIComponent(link.hash.slice(1)))) found.push(`its contents lead to ${link.hash}, which is not there.`);
    });
    return found;
}

// How bright the pixels of a picture are, 0 to 255, on average.
async function brightness(page, png) {
    return page.evaluate(async (source) => {
        const image = new Image();
        image.src = source;
        await image.decode();
        const canvas = document.createElement("canvas");
        [canvas.width, canvas.height] = [image.width, image.height];
        const drawing = canvas.getContext("2d");
        drawing.drawImage(image, 0, 0);
        const {data} = drawing.getImageData(0, 0, image.width, image.height);
        let sum = 0;
        for (let i = 0; i < data.length; i += 4) sum += (data[i] + data[i + 1] + data[i + 2]) / 3;
        return sum / (data.length / 4);
    }, "data:image/png;base64," + png.toString("base64"));
}

// --- The checks --------------------------------------------------------------------

async function check_looks(browser, width, scheme) {
    const where = {name: ""};
    const page = await watched(browser, width, scheme, where);
    for (const name of kept) {
        where.name = name;
        const at = `${name} at ${width}, ${scheme}`;
        await page.goto(base + name);
        await page.waitForFunction(() => document.querySelector("doxygen-awesome-dark-mode-toggle"));
        const height = await page.evaluate(() => document.documentElement.scrollHeight);
        for (const part of [0, 0.3, 0.7, 1]) {
            await page.evaluate((y) => window.scrollTo(0, y), height * part);
            for (const what of await page.evaluate(overlaps)) wrong(at, what);
        }
        await page.evaluate(() => {
            window.scrollTo(0, 0);
            document.querySelectorAll("details").forEach((answer) => { answer.open = true; });
        });
        for (const what of await page.evaluate(bones)) wrong(name, what);
        if (width !== 820) await page.evaluate(axe);
        const {violations} = await page.evaluate(() => window.axe ? window.axe.run({resultTypes: ["violations"], preload: false}) : {violations: []});
        for (const {id, impact, nodes} of violations)
            if (impact === "serious" || impact === "critical")
                wrong(at, `axe: ${impact}: ${id}, ${nodes.length} times, first ${nodes[0].html.slice(0, 120)}`);
        const figure = page.locator(".textblock img").first();
        if (await figure.count()) {
            const bright = await brightness(page, await figure.screenshot());
            must(scheme === "dark" ? bright < 90 : bright > 180, at, `a figure has a brightness of ${bright | 0}, from 0 to 255.`);
        }
        if (pictures) {
            await page.evaluate(() => window.scrollTo(0, 0));
            const file = path.join(pictures, `${name.replace(/\//g, "-")}-${width}-${scheme}.png`);
            await page.screenshot({path: file, clip: {x: 0, y: 0, width, height: Math.min(height, 3000)}, fullPage: true});
        }
    }
    await page.context().close();
}

// Every page, and from the first page to the last, and back.
async function check_every_page(browser) {
    const where = {name: ""};
    const page = await watched(browser, 820, "light", where);
    const step = {next: {}, prev: {}};
    for (const name of all) {
        where.name = name;
        await page.goto(base + name);
        for (const what of await page.evaluate(bones)) wrong(name, what);
        for (const [rel, href, height] of await page.$$eval(".walk a[rel=next], .walk a[rel=prev]", (links) => links.map((link) => [link.rel, link.href, link.offsetHeight]))) {
            must(height > 0, name, `the link to the ${rel} page cannot be seen.`);
            step[rel][name] = href.slice(base.length);
        }
        if (!/_8[ch](_source)?\.html$|struct|union/.test(name)) continue;
        const back = page.locator(".explained a");
        must(await back.count() === 1, name, "it does not say which section explains it.");
    }
    await page.context().close();
    // The texts are one row of pages; each chapter's sources are another one.
    const rows = [["index.html", texts], ...texts.filter((name) => name.includes("/")).map((name) =>
        [name.replace("index", "sources"), all.filter((other) => path.dirname(other) === path.dirname(name) && other !== name)])];
    for (const [first, row] of rows) {
        const been = [first];
        for (let name = first; (name = step.next[name]) && been.length <= all.length;) been.push(name);
        for (const name of row) must(been.includes(name), first, `next does not lead to ${name}.`);
        must(been.length === row.length, first, `next leads to ${been.length} pages, where there are ${row.length}.`);
        been.slice(1).forEach((name, i) => must(step.prev[name] === been[i], name, `prev leads to ${step.prev[name]}, not to ${been[i]}.`));
    }
}

async function check_search(browser) {
    const where = {name: "03-executor/index.html"};
    const page = await watched(browser, 1440, "light", where);
    const search = async (words) => {
        await page.fill("input[type=search]", words);
        await page.waitForSelector(".results:not([hidden])");
        return page.$$eval(".results li", (rows) => rows.map((row) => [row.querySelector("a").href, row.textContent]));
    };
    await page.goto(base + where.name);
    for (const words of ["lost wake-up", "level-triggered", "glossary"]) {
        const found = await search(words);
        must(found.length && found[0][1].toLowerCase().includes(words), "The search", `'${words}' is not in the first thing found.`);
        must(found.some(([href]) => href.startsWith(base + "glossary.html")), "The search", `'${words}' does not find the glossary.`);
    }
    must((await search("zebra")).length === 0, "The search", "finds what is not there.");
    // Each heading leads to its own section, each name to an entry; Enter goes there.
    const headings = [];
    for (const name of texts) {
        await page.goto(base + name);
        headings.push(...await page.$$eval(".textblock :is(h2, h3)", (all) => all.map((one) =>
            [one.textContent.trim().replace(/\s+/g, " "), location.href + "#" + (one.id || one.querySelector("[id]").id)])));
    }
    for (const [words, href] of headings) {
        const found = await search(words);
        must(found.some((row) => row[0] === href), "The search", `the heading '${words}' does not lead to ${href.slice(base.length)}.`);
    }
    await page.goto(base + "02-waker/index.html");
    await search("waker_wake_by_ref");
    await page.press("input[type=search]", "Enter");
    await page.waitForURL(/02-waker\/waker_8h\.html#/);
    await page.goto(base + "index.html");
    await page.press("body", "/");
    await page.keyboard.type("glossary");
    await page.waitForSelector(".results li");
    await page.press("input[type=search]", "ArrowDown");
    await page.keyboard.press("Enter");
    await page.waitForURL(/glossary\.html/);
    await page.context().close();
    return headings.length;
}

async function check_names(browser) {
    const where = {name: "glossary.html"};
    const page = await watched(browser, 390, "light", where);
    await page.goto(base + "glossary.html");
    await page.focus("input[type=search]");
    await page.waitForFunction(() => window.courseIndex);
    const known = new Set(await page.evaluate(() => window.courseIndex.filter((line) => line[3][0][0]).map((line) => line[0])));
    let links = 0;
    for (const name of texts) {
        where.name = name;
        await page.goto(base + name);
        const codes = await page.$$eval(".textblock :is(p, li, td) code", (all) => all.map((one) => [one.textContent, !!one.closest("a")]));
        for (const [code, linked] of codes) {
            if (linked) links++;
            else must(!known.has(code.replace(/\(\)$/, "")), name, `the name '${code}' is no link.`);
        }
    }
    await page.goto(base + "glossary.html");
    const row = await page.$eval("#future_poll, #future-poll", (one) => {
        const link = one.querySelector("a").getAttribute("href");
        return {link, display: getComputedStyle(one).display, size: parseFloat(getComputedStyle(one).fontSize)};
    });
    must(row.link.startsWith("02-waker/"), "glossary.html", `'future_poll' leads to '${row.link}', not to chapter 2.`);
    must(row.display === "block" && row.size >= 14, "glossary.html", "an entry is not readable on a phone.");
    await page.context().close();
    return links;
}

async function check_details(browser) {
    const where = {name: "03-executor/index.html"};
    const page = await watched(browser, 1440, "dark", where);
    // The contents list shows where one is.
    await page.goto(base + where.name);
    const target = await page.$eval(".textblock h3:nth-of-type(2)", (heading) => {
        heading.scrollIntoView();
        return "#" + (heading.id || heading.querySelector("[id]").id);
    });
    await page.waitForFunction((hash) => document.querySelector(".toc a.active")?.hash === hash, target, {timeout: 3000})
        .catch(() => wrong(where.name, `the contents list does not show that one is at ${target}.`));
    // On paper there is no bar, every answer, and nothing dark.
    const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    await page.emulateMedia({media: "print"});
    await page.evaluate(() => window.dispatchEvent(new Event("beforeprint")));
    must(!await page.isVisible("header") && !await page.isVisible(".toc"), where.name, "on paper the bar or the contents are shown.");
    must(await paper() === "rgb(255, 255, 255)", where.name, "on paper it is dark.");
    for (const answer of await page.$$("details p"))
        must(await answer.isVisible(), where.name, "on paper an answer is folded.");
    // The switch changes the colours; each block has a button that copies it.
    await page.emulateMedia({media: "screen"});
    await page.evaluate(() => window.dispatchEvent(new Event("afterprint")));
    const before = await paper();
    await page.focus("doxygen-awesome-dark-mode-toggle");
    await page.keyboard.press("Enter");
    must(await paper() !== before, where.name, "the switch does not change the colours.");
    must(await page.locator(".fragment").count() === await page.locator("doxygen-awesome-fragment-copy-button").count(), where.name, "a block of code has no button to copy it.");
    // What is copied out of a source's page is the source.
    for (const name of all.filter((name) => /(executor|mailbox)_8c_source\.html$/.test(name))) {
        where.name = name;
        await page.goto(base + name);
        const [copied, read] = await page.evaluate(() => {
            const fragment = document.querySelector(".fragment");
            getSelection().selectAllChildren(fragment);
            const lines = [...fragment.querySelectorAll(".line")].map((line) => line.textContent);
            return [getSelection().toString(), lines.join("\n")];
        });
        const [chapter, file] = [path.dirname(name), path.basename(name).replace("_8c_source.html", ".c").replace(/__/g, "_")];
        const found = fs.readdirSync(`chapters/${chapter}`, {recursive: true}).find((one) => path.basename(one) === file);
        const source = fs.readFileSync(`chapters/${chapter}/${found}`, "utf8").replace(/^ *\/\/! \[.*/gm, "");
        const bare = (code) => code.replace(/\u00a0/g, " ").split("\n").map((line) => line.trimEnd()).join("\n").trim();
        must(bare(copied) === bare(source) && bare(read) === bare(source), name, "what is copied out of it is not the source.");
    }
    await page.context().close();
}

(async () => {
    const browser = await chromium.launch({executablePath: program, args: ["--no-sandbox", "--disable-gpu", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync"]});
    const count = {};
    const checks = {
        looks: async () => {
            for (const width of widths)
                for (const scheme of schemes) await check_looks(browser, width, scheme);
        },
        pages: () => check_every_page(browser),
        search: async () => { count.headings = await check_search(browser); },
        names: async () => { count.links = await check_names(browser); },
        details: () => check_details(browser),
    };
    for (const [name, check] of Object.entries(checks))
        if (!asked.length || asked.includes(name)) await check();
    await browser.close();
    if (seen.size) {
        console.log(`The site is not as it should be: ${seen.size} faults.`);
        process.exit(1);
    }
    console.log(`The site is as it should be: ${all.length} pages from disk, ${kept.length} of them at ${widths.length} widths in ` +
        `${schemes.length} schemes` + (asked.length ? ` (only ${asked})` : `, ${count.headings} headings found, ${count.links} names linked`) + ".");
})().catch((error) => {
    console.log(`The check itself failed: ${error.stack}`);
    process.exit(1);
});
