// What the theme has no script for: the search, which knows every section, entry of the
// glossary and public name, and runs from disk as well; the keyboard; printing.
(function () {
    "use strict";
    DoxygenAwesomeDarkModeToggle.init();
    DoxygenAwesomeFragmentCopyButton.init();
    DoxygenAwesomeParagraphLink.init();
    DoxygenAwesomeInteractiveToc.topOffset = 120;
    DoxygenAwesomeInteractiveToc.init();
    window.addEventListener("scroll", DoxygenAwesomeInteractiveToc.update, {passive: true});
    window.addEventListener("beforeprint", () => {
        DoxygenAwesomeDarkModeToggle.enableDarkMode(false);
        document.querySelectorAll("details").forEach((answer) => { answer.open = true; });
    });
    window.addEventListener("afterprint", DoxygenAwesomeDarkModeToggle.onSystemPreferenceChanged);

    // The theme's buttons are made for the mouse only.
    const buttons = ["doxygen-awesome-dark-mode-toggle", "doxygen-awesome-fragment-copy-button", ".toc > h3"];
    new MutationObserver(() => {
        document.querySelectorAll(buttons.map((button) => button + ":not([role])")).forEach((button) => {
            if (button.title) button.setAttribute("aria-label", button.title);
            button.setAttribute("role", "button");
            button.tabIndex = 0;
            button.addEventListener("keydown", (event) => {
                if (event.key !== "Enter" && event.key !== " ") return;
                event.preventDefault();
                button.click();
            });
        });
    }).observe(document.body, {childList: true, subtree: true});

    const form = document.querySelector("form[role=search]");
    const input = form.querySelector("input");
    const results = form.querySelector(".results");
    const {up, chapter} = form.dataset;
    const most = 20;

    // The index comes with the first key. Its lines are [title, where, text, [[chapter,
    // page], ...]]; a public name's have chapters.
    let lines, known, loading;
    const load = () => loading = loading || new Promise((done) => {
        const script = document.createElement("script");
        script.src = up + "search-index.js";
        script.onload = () => {
            lines = window.courseIndex;
            known = lunr(function () {
                this.field("title", {boost: 8});
                this.field("text");
                this.pipeline.remove(lunr.stopWordFilter);
                this.pipeline.remove(lunr.stemmer);
                this.searchPipeline.remove(lunr.stemmer);
                lines.forEach(([title, , text], id) => {
                    const parts = title.replace(/[_.]|([a-z])(?=[A-Z])/g, "$1 ");
                    this.add({id, title: title + " " + parts, text});
                });
            });
            done();
        };
        document.head.append(script);
    });

    // Each word has to be there, if only as another's beginning. What holds the words as
    // they were typed comes first, and names before all.
    function find(typed) {
        const words = lunr.tokenizer(typed).map((word) => String(word).replace(/^\W+|\W+$/g, "")).filter(Boolean);
        if (!words.length) return [];
        const {REQUIRED} = lunr.Query.presence;
        const hits = known.query((query) => query.term(words, {presence: REQUIRED, wildcard: lunr.Query.wildcard.TRAILING}));
        return hits.map(({ref, score}) => {
            const [title, , text, places] = lines[ref];
            const place = title.toLowerCase() === typed ? (places[0][0] ? 2000 : 1000)
                : title.toLowerCase().includes(typed) ? 200 : text.toLowerCase().includes(typed) ? 100 : 0;
            return [place + score, lines[ref]];
        }).sort((a, b) => b[0] - a[0]).map((hit) => hit[1]);
    }

    const made = (tag, more, ...parts) => {
        const element = Object.assign(document.createElement(tag), more);
        element.append(...parts);
        return element;
    };
    const link = (page, words) => made("a", {href: up + page}, words);

    function row([title, where, text, places], typed) {
        const best = places.find((place) => place[0] === Number(chapter)) || places[0];
        const at = Math.max(0, text.toLowerCase().indexOf(typed) - 60);
        const about = made("span", {className: "about"}, where);
        if (best[0]) places.forEach(([number, page]) => about.append(" ", link(page, "ch. " + number)));
        const quote = (at ? "… " : "") + text.slice(at, at + 160) + (text.length > at + 160 ? " …" : "");
        return made("li", {}, link(best[1], title), about, made("span", {className: "quote"}, quote));
    }

    const show = () => load().then(() => {
        const typed = input.value.toLowerCase().trim();
        results.hidden = !typed;
        if (!typed) return;
        const found = find(typed);
        const note = !found.length ? `Nothing here speaks of “${input.value}”.`
            : found.length > most ? `${most} of ${found.length}: go on typing to see fewer.` : "";
        results.replaceChildren(made("ul", {}, ...found.slice(0, most).map((line) => row(line, typed))), made("p", {}, note));
    });

    input.addEventListener("focus", load);
    input.addEventListener("input", show);
    form.addEventListener("submit", (event) => {
        event.preventDefault();
        show().then(() => results.querySelector("li > a")?.click());
    });
    // Arrow keys walk through the results, Escape closes them, / leads to the search.
    form.addEventListener("keydown", (event) => {
        const step = {ArrowDown: 1, ArrowUp: -1}[event.key];
        const stops = [input, ...results.querySelectorAll("li > a")];
        if (event.key === "Escape") results.hidden = true;
        if (!step) return;
        event.preventDefault();
        stops[Math.max(0, stops.indexOf(document.activeElement)) + step]?.focus();
    });
    document.addEventListener("click", (event) => {
        if (!form.contains(event.target) || event.target.closest("li a")) results.hidden = true;
    });
    document.addEventListener("keydown", (event) => {
        if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || form.contains(event.target)) return;
        event.preventDefault();
        input.focus();
    });
})();
