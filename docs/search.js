// The search of the site: every public name of every chapter, and the headings of the
// texts. It runs in the page, from disk as well; the index comes with the first key.
(function () {
    "use strict";
    const form = document.querySelector("form[role=search]");
    if (!form) return;
    const input = form.querySelector("input");
    const results = form.querySelector(".results");
    const root = form.dataset.root;
    const chapter = Number(form.dataset.chapter) || 0;
    const most = 30;

    let loading = null;
    function load() {
        loading = loading || new Promise(function (done) {
            const script = document.createElement("script");
            script.src = root + "search-index.js";
            script.onload = done;
            document.head.append(script);
        });
        return loading;
    }

    // socket_read, SocketRead.result -> socket, read, result
    function parts(name) {
        return name.replace(/([a-z0-9])([A-Z])/g, "$1 $2").toLowerCase().split(/[^a-z0-9]+/);
    }

    // Smaller is better; undefined is no match. Each word has to be found; whole parts
    // of a name come before beginnings, and names before fields and headings.
    function rank(name, kind, words) {
        const text = name.toLowerCase();
        if (!words.every(function (word) { return text.includes(word); })) return undefined;
        const whole = words.join(" ");
        const part = parts(name);
        let value = text === whole ? 0
            : words.every(function (word) { return part.includes(word); }) ? 1
            : text.startsWith(whole) ? 2 : 3;
        if (kind === "field") value += 2;
        if (kind === "heading") value += 3;
        return value * 1000 + name.length;
    }

    // The entry in this chapter, or else the first one.
    function best(places) {
        return places.find(function (place) { return place[0] === chapter; }) || places[0];
    }

    function link(page, text) {
        const made = document.createElement("a");
        made.href = root + page;
        made.textContent = text;
        return made;
    }

    function row(entry) {
        const [name, kind, places] = entry;
        const made = document.createElement("li");
        const main = link(best(places)[1], name);
        if (kind !== "heading") main.className = "name";
        const about = document.createElement("span");
        about.className = "about";
        about.append(kind);
        if (places[0][0]) {
            about.append(places.length > 1 ? " in chapters" : " in chapter");
            places.forEach(function (place) {
                const there = link(place[1], place[0]);
                there.setAttribute("aria-label", name + " in chapter " + place[0]);
                about.append(" ", there);
            });
        }
        made.append(main, about);
        return made;
    }

    function show() {
        const words = input.value.toLowerCase().replace(/[()#`]/g, " ").split(/\s+/).filter(Boolean);
        results.replaceChildren();
        results.hidden = !words.length;
        if (!words.length) return;
        const found = [];
        (window.courseNames || []).forEach(function (entry) {
            const value = rank(entry[0], entry[1], words);
            if (value !== undefined) found.push([value, entry]);
        });
        found.sort(function (a, b) { return a[0] - b[0]; });
        const list = document.createElement("ul");
        found.slice(0, most).forEach(function (item) { list.append(row(item[1])); });
        const note = document.createElement("p");
        note.textContent = !found.length ? "No name or heading holds “" + input.value + "”."
            : found.length > most ? most + " of " + found.length + "; go on typing to see fewer." : "";
        results.append(list);
        if (note.textContent) results.append(note);
    }

    function search() { load().then(show); }

    // Arrow keys walk through the main links, Escape closes.
    function walk(event) {
        if (event.key === "Escape") {
            input.value = "";
            show();
            input.focus();
            return;
        }
        if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
        const stops = [input].concat(Array.from(results.querySelectorAll("li > a")));
        const now = Math.max(0, stops.indexOf(document.activeElement));
        const next = stops[now + (event.key === "ArrowDown" ? 1 : -1)];
        event.preventDefault();
        if (next) next.focus();
    }

    input.addEventListener("focus", load);
    input.addEventListener("input", search);
    form.addEventListener("keydown", walk);
    form.addEventListener("submit", function (event) {
        event.preventDefault();
        load().then(function () {
            show();
            const first = results.querySelector("li > a");
            if (first) {
                const target = first.href;
                results.hidden = true;
                window.location.assign(target);
            }
        });
    });
    document.addEventListener("click", function (event) {
        if (!form.contains(event.target)) results.hidden = true;
    });
    document.addEventListener("keydown", function (event) {
        const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName);
        if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
            event.preventDefault();
            input.focus();
        }
    });
    const asked = new URLSearchParams(window.location.search).get("q");
    if (asked) {
        input.value = asked;
        search();
    }
})();
