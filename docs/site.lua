-- The site of the course: `DOCS_TEMPORARY=… pandoc -L docs/site.lua /dev/null`, called by
-- scripts/docs.sh. pandoc brings Lua along, and reads the texts; Doxygen has made the pages
-- of headers and sources before. What is found wrong goes into the file `wrong`.
-- DOCS_TEMPORARY holds `files`, the paths of the repository; a folder for each chapter,
-- with Doxygen's pages and its list of names (`tags`); and `site`, where the pages go.
local temporary = os.getenv "DOCS_TEMPORARY"
local stringify = pandoc.utils.stringify

local function read(path)
    local file = assert(io.open(path))
    local all = file:read "a"
    file:close()
    return all
end
local function write(path, all)
    local file = assert(io.open(temporary .. "/" .. path, "w"))
    file:write(all)
    file:close()
end
local faults = {}
local function wrong(...) faults[#faults + 1] = table.concat{...} .. "\n" end

local function escape(words)
    return (words:gsub("[&<>\"]", {["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;"}))
end

-- a/./b/../c -> a/c
local function normal(path)
    local kept = {}
    for part in path:gmatch "[^/]+" do
        if part == ".." then table.remove(kept)
        elseif part ~= "." then kept[#kept + 1] = part end
    end
    return table.concat(kept, "/")
end

-- --- What there is ------------------------------------------------------------------

local there, texts, chapters, by_name = {}, {}, {}, {}
for path in io.lines(temporary .. "/files") do
    there[path] = true
    local name = path:match "^chapters/(%d[^/]*)/Makefile$"
    if name then
        by_name[name] = {name = name, number = tonumber(name:match "%d+"), folder = "chapters/" .. name, files = {}}
        table.insert(chapters, by_name[name])
    end
    if path:match "^docs/[^/]*%.md$" or path == "CONTRIBUTING.md" then table.insert(texts, path) end
end
table.sort(chapters, function(a, b) return a.name < b.name end)
table.sort(texts, function(a, b) return a:match "[^/]*$":lower() < b:match "[^/]*$":lower() end)
for path in pairs(there) do
    local name, part, file = path:match "^chapters/([^/]*)/(%a+)/(.*%.[ch])$"
    if (part == "src" or part == "demo") and by_name[name] then table.insert(by_name[name].files, part .. "/" .. file) end
end

-- The page of a file, without its end: src/task_run.c -> task__run_8c
local function page_of_file(file) return file:match "[^/]*$":gsub("_", "__"):gsub("%.", "_8") end

-- names["task_run"][3] = {kind = "function", page = "03-executor/task_8h.html#…", header = …};
-- a field's name is Task.queued, and a file's name is one, too.
local names, header_of, called = {}, {}, {define = "macro", enumeration = "enum", enumvalue = "constant", typedef = "type"}
local function name_is(name, kind, chapter, page, header)
    if name:match "^@" or name:match "%.@" then return end
    names[name] = names[name] or {}
    names[name][chapter.number] = {kind = called[kind] or kind, page = chapter.name .. "/" .. page, header = header}
    header_of[chapter.name .. "/" .. page] = header
end
for _, chapter in ipairs(chapters) do
    local tags, within = read(temporary .. "/" .. chapter.name .. "/tags"), {}
    for compound in tags:gmatch "<compound.-</compound>" do
        local head = compound:gsub("<member.-</member>", "")
        local kind, name, page = head:match 'kind="(%a+)">.-<name>(.-)</name>.-<filename>(.-)</filename>'
        page = page:gsub("%.html$", "") .. ".html"
        for struct in head:gmatch '<class kind="%a+">(.-)</class>' do within[struct] = chapter.name .. "/" .. page end
        local header = kind == "file" and chapter.name .. "/" .. page or within[name]
        name_is(name, kind, chapter, page, header)
        for member in compound:gmatch "<member.-</member>" do
            local is, says, file, anchor =
                member:match 'kind="(%a+)".-<name>(.-)</name>.-<anchorfile>(.-)</anchorfile>.-<anchor>(.-)</anchor>'
            if kind == "file" then name_is(says, is, chapter, file .. "#" .. anchor, header)
            else name_is(name .. "." .. says, "field", chapter, file .. "#" .. anchor, header) end
        end
    end
    table.sort(chapter.files, function(a, b)
        local one, other = a:gsub("^src", ""):sub(1, -3), b:gsub("^src", ""):sub(1, -3)
        return one < other or one == other and a:sub(-1) > b:sub(-1)
    end)
    for _, file in ipairs(chapter.files) do
        local name = file:match "[^/]*$"
        if file:match "c$" then name_is(name, "file", chapter, page_of_file(file) .. "_source.html")
        elseif not names[name] or not names[name][chapter.number] then
            chapter.files[file] = "undocumented"
            wrong(chapter.folder, "/", file, ": it has no '@file' comment, so that nothing in it is documented.")
        end
    end
end

-- --- A text: README.md and its like ------------------------------------------------------

local pages, index = {}, {}
-- The text at work: its path, page, chapter and title; the section at work: its heading,
-- anchor and words.
local text, section
local told = {} -- told["03-executor/task_8h.html"][section's page] = {weight, …}

local function quoted(words) return '"' .. words:gsub("%s+", " "):gsub('[\\"]', "\\%0"):gsub("</", "<\\/") .. '"' end

-- [title, where, words, [[chapter, page], …]]: a line of the search's index.
local function find_by(head, anchor, words)
    local where = text.chapter and "Chapter " .. text.chapter.number or text.title
    table.insert(index, ("[%s,%s,%s,[[0,%s]]],\n"):format(quoted(head), quoted(where), quoted(words), quoted(text.page .. anchor)))
end

local function begin_section(head, anchor)
    if section then find_by(section.head, section.anchor, table.concat(section, " ")) end
    section = head and {head = head, anchor = anchor}
end

-- This section speaks of an entry: the more weight, the more it explains it.
local in_heading = 50
local function tell(entry, weight)
    if not text.chapter then return end
    for _, page in ipairs{(entry.page:gsub("#.*", "")), entry.header} do
        local at = text.page .. section.anchor
        told[page] = told[page] or {}
        told[page][at] = told[page][at] or {weight = 0, at = at, head = section.head, number = text.chapter.number}
        told[page][at].weight = told[page][at].weight + weight
    end
end

-- The entry that a name means: that of the chapter just spoken of, of this text's own
-- chapter, of the nearest one before, or else of the first that has it.
local function entry_of(name, spoken)
    local has = names[name] or {}
    if has[spoken] then return has[spoken] end
    local own = text.chapter and text.chapter.number or 0
    for number = own, 1, -1 do
        if has[number] then return has[number] end
    end
    for number = own + 1, 99 do
        if has[number] then return has[number] end
    end
end

local function from_here(page) return text.up .. page end

-- C is coloured by pandoc; names in it, but for comments and strings, lead to their entries.
local function code_block(block)
    local html = escape(block.text)
    if block.classes[1] == "c" then
        html = pandoc.write(pandoc.Pandoc{block}, "html"):match "<code.->(.*)</code>":gsub('<span id="cb[%d-]*"><a .-></a>', "<span>")
        html = html:gsub('(%a*"?)>([^<]+)', function(tag, piece)
            return not tag:match '^[csip][otmp]"' and tag .. ">" .. piece:gsub("[%a_][%w_]*", function(word)
                local entry = entry_of(word)
                if entry then tell(entry, 2) end
                return entry and ('<a class="code" href="%s">%s</a>'):format(from_here(entry.page), word)
            end)
        end)
    end
    return pandoc.RawBlock("html", '<div class="fragment" tabindex="0"><pre class="line">' .. html .. "</pre></div>")
end

-- Where a link leads in the site; nothing if the site has no page for it.
local function target_of(target)
    if target:match "^https?:" or target:match "^mailto:" or target:match "^#" then return target end
    local path, anchor = target:match "^([^#]*)(.*)$"
    path = normal(text.home .. "/" .. path)
    if not there[path] then return wrong(text.path, ": there is no '", target, "' to link to.") end
    local name, rest = path:match "^chapters/([^/]*)/?(.*)$"
    local file = path:match "([%w-]+)%.md$"
    if path:match "^[A-Z]+%.md$" or path:match "^docs/[%w-]+%.md$" then
        return from_here((file == "README" and "index" or file:lower()) .. ".html" .. anchor)
    elseif not by_name[name] then return
    elseif rest == "" or rest == "README.md" then return from_here(name .. "/index.html" .. anchor)
    elseif rest == "src" or rest == "demo" then return from_here(name .. "/sources.html")
    elseif rest:match "^src/.*%.[ch]$" or rest:match "^demo/.*%.[ch]$" then
        local line = anchor:match "^#L(%d+)"
        return from_here(name .. "/" .. page_of_file(rest) .. ((line or rest:match "c$") and "_source" or "") .. ".html" ..
            (line and ("#l%05d"):format(line) or ""))
    end
end

local function unlinked(link) return link.content end
-- Links lead into the site, each public name in `code` is one, and none is in another.
local function linked(block, spoken)
    block = pandoc.walk_block(block, {Link = function(link)
        link.target = target_of(link.target) or ""
        return link.target ~= "" and link or link.content
    end})
    block = pandoc.walk_block(block, {Inlines = function(inlines)
        local word
        for i, inline in ipairs(inlines) do
            local is = inline.t
            if is == "Str" then
                if word and word:match "[Cc]hapter$" then spoken = tonumber(inline.text:match "^%d+") or spoken end
                word = inline.text
            end
            local name = is == "Code" and inline.text:gsub("%(%)$", "")
            local entry = name and entry_of(name:match "^src/.-([^/]*)$" or name:match "^demo/.-([^/]*)$" or name, spoken)
            if entry then
                tell(entry, 1)
                inlines[i] = pandoc.Link({inline}, from_here(entry.page))
            end
        end
        return inlines
    end})
    return pandoc.walk_block(block, {Link = function(link)
        link.content = pandoc.walk_inline(pandoc.Span(link.content), {Link = unlinked}).content
        return link
    end})
end

-- Long names in a table may be broken at their joints.
local function jointed(code)
    return pandoc.RawInline("html", "<code>" .. escape(code.text):gsub("[_:.(]+", "%0<wbr>") .. "</code>")
end

-- An entry of the glossary has an address of its own. It speaks of the names of the chapter
-- in the heading above it, or of the one in brackets behind its word.
local function glossary_of(list)
    for i, item in ipairs(list.content) do
        local word = stringify(item[1].content[1])
        local words = stringify(pandoc.Div(item))
        local spoken = section.head:match "^Chapter (%d)" or words:sub(#word + 1):match "^ %((%d)"
        local address = word:gsub("[^%w_]+", "-")
        find_by(word, "#" .. address, words)
        list.content[i] = {pandoc.Div(linked(pandoc.Div(item), tonumber(spoken)).content, pandoc.Attr(address))}
    end
    return list
end

-- A row's cells know their column's heading, for narrow screens.
local function table_of(block)
    local heads, longest = {}, 0
    for i, cell in ipairs(block.head.rows[1].cells) do
        heads[i] = stringify(cell.contents)
    end
    for _, row in ipairs(block.bodies[1].body) do
        local words = {}
        for i, cell in ipairs(row.cells) do
            words[i] = stringify(cell.contents)
            longest = math.max(longest, #words[i])
            cell.attributes["data-label"] = heads[i]
            local content = pandoc.Div(cell.contents)
            cell.contents = pandoc.walk_block(linked(content), {Code = jointed}).content
        end
        table.insert(section, table.concat(words, " "))
    end
    for _, column in ipairs(block.colspecs) do column[2] = nil end
    block.classes = {"markdownTable", longest > 60 and "wordy" or nil}
    return pandoc.Div({block}, {class = "scroll", tabindex = "0"})
end

local function picture(image)
    local path = normal(text.home .. "/" .. image.src)
    image.src = path:match "[^/]*$"
    if there[path] then write("site/" .. text.page:gsub("[^/]*$", "") .. image.src, read(path))
    else wrong(text.path, ": there is no '", path, "' to show.") end
    return image
end

local function heading(block)
    begin_section(stringify(block), block.level > 1 and "#" .. block.identifier or "")
    for file in section.head:gmatch "[%w_]+%.[ch]" do
        local entry = entry_of(file)
        if entry then tell(entry, in_heading) end
    end
    if block.level > 1 then
        local words = pandoc.write(pandoc.Pandoc{pandoc.Plain(block.content)}, "html")
        text.toc = text.toc .. ('<li class="level%d"><a href="%s">%s</a></li>\n'):format(block.level, section.anchor, words)
        -- The theme looks for such an anchor, and shows a link to it.
        block.content:insert(1, pandoc.RawInline("html", '<a class="anchor" id="' .. block.identifier .. '"></a>'))
        block.identifier = ""
    end
    return pandoc.walk_block(block, {Link = unlinked})
end

local function add_page(page, toc, body)
    if toc ~= "" then
        toc = '<div class="toc" role="navigation" aria-label="On this page"><h3>On this page</h3>\n<ul>' .. toc .. "</ul></div>\n"
    end
    page.body = ('<div class="header"><div class="headertitle"><h1 class="title">%s</h1></div></div>\n<div class="contents">\n%s' ..
        '<div class="textblock">\n%s\n</div></div>'):format(escape(page.title), toc, body)
    page.class, page.up = "PageDoc", page.chapter and "../" or ""
    pages[page.page] = page
    return page
end

local function add_text(path, page, chapter)
    text = {path = path, page = page, chapter = chapter, toc = "", home = path:match "^(.*)/" or "", up = chapter and "../" or ""}
    local out = pandoc.List()
    local markdown = there[path] and read(path) or "# " .. (chapter and chapter.name or "Executors and system IO, in C")
    for _, block in ipairs(pandoc.read(markdown, "gfm-emoji-yaml_metadata_block").blocks) do
        block = pandoc.walk_block(pandoc.Div{block}, {Image = picture}).content[1]
        if block.t == "Header" and not text.title then
            text.title = stringify(block)
            heading(block)
        elseif block.t == "Header" then out:insert(heading(block))
        elseif block.t == "Table" then out:insert(table_of(block))
        elseif block.t == "BulletList" and page == "glossary.html" then out:insert(glossary_of(block))
        elseif block.t ~= "RawBlock" then
            pandoc.walk_block(pandoc.Div{block}, {
                CodeBlock = function(code) table.insert(section, code.text) end,
                Para = function(para) table.insert(section, stringify(para)) end,
                Plain = function(para) table.insert(section, stringify(para)) end,
            })
            out:extend(pandoc.walk_block(linked(pandoc.Div{block}), {CodeBlock = code_block}).content)
        elseif not block.text:match "^<!%-%-" then
            table.insert(section, (block.text:gsub("<.->", " ")))
            out:insert(block)
        end
    end
    begin_section()
    return add_page(text, text.toc, pandoc.write(pandoc.Pandoc(out), "html"))
end

-- A page that is a table, of cells that are HTML.
local function add_table(page, chapter, title, lead, heads, rows)
    local out = {"<p>" .. lead .. '</p>\n<div class="scroll" tabindex="0"><table class="markdownTable wordy"><thead><tr>'}
    for _, head in ipairs(heads) do table.insert(out, "<th>" .. head .. "</th>") end
    table.insert(out, "</tr></thead><tbody>")
    for _, row in ipairs(rows) do
        table.insert(out, "\n<tr>")
        for i, cell in ipairs(row) do table.insert(out, ('<td data-label="%s">%s</td>'):format(heads[i], cell)) end
        table.insert(out, "</tr>")
    end
    return add_page({page = page, chapter = chapter, title = title}, "", table.concat(out) .. "</tbody></table></div>")
end

-- A row is a module: its header, its source, and the first sentence of whichever comes
-- first.
local function sources_page(chapter)
    local rows, row = {}, {}
    for _, file in ipairs(chapter.files) do
        if row.module ~= file:sub(1, -3) then
            local comment = read(chapter.folder .. "/" .. file):match "^%s*/%*(.-)%*/" or ""
            local words = comment:gsub("\n%s*%*", " "):gsub("@file", ""):gsub("[%s*]+", " ")
            row = {"", "", escape(words:match "^ *(.-)[.?!] " or ""), module = file:sub(1, -3)}
            table.insert(rows, row)
        end
        row[file:match "h$" and 1 or 2] = ('<a href="%s.html">%s</a>'):format(
            page_of_file(file) .. (file:match "c$" and "_source" or ""), file:gsub("^%a+/", ""))
    end
    return add_table(chapter.name .. "/sources.html", chapter, "Sources", "A header's page shows its public names, " ..
        "with their contracts; a source is to be read as it stands.", {"header", "source", "what it is"}, rows)
end

-- All names, with the chapters in which each has its entry: a page, and lines of the index.
local function names_page()
    local sorted, rows = {}, {}
    for name in pairs(names) do table.insert(sorted, name) end
    table.sort(sorted, function(a, b) return a:lower() .. a < b:lower() .. b end)
    for _, name in ipairs(sorted) do
        local links, places, kind = {}, {}, nil
        for _, chapter in ipairs(chapters) do
            local entry = names[name][chapter.number]
            if entry then
                kind = entry.kind
                table.insert(links, ('<a href="%s">%d</a>'):format(entry.page, chapter.number))
                table.insert(places, ("[%d,%s]"):format(chapter.number, quoted(entry.page)))
            end
        end
        table.insert(index, ('[%s,"%s","",[%s]],\n'):format(quoted(name), kind, table.concat(places, ",")))
        if kind ~= "file" and kind ~= "field" then
            local link = ('<a href="%s"><code>%s</code></a>'):format(entry_of(name).page, name)
            table.insert(rows, {link, kind, table.concat(links, " ")})
        end
    end
    return add_table("names.html", nil, "All names", "Every public name of the course, and the chapters in which it " ..
        "exists. A name keeps its meaning from chapter to chapter; its shape may grow.", {"name", "kind", "chapters"}, rows)
end

-- --- Doxygen's pages --------------------------------------------------------------------

-- The section whose heading names an entry's file, in its chapter or, where the file stays
-- as it was, in the nearest one before; or else the section that says most about it.
local function explained(page, chapter)
    local function most(entry, least)
        local best
        for _, is in pairs(told[entry] or {}) do
            if is.weight >= least and (not best or is.weight > best.weight or is.weight == best.weight and is.at < best.at) then
                best = is
            end
        end
        return best
    end
    local header = header_of[page] or page:gsub("_8[ch]_source%.html$", "_8h.html")
    for _, least in ipairs{in_heading, 1} do
        for number = chapter.number, 1, -1 do
            local then_in = chapters[number] and chapters[number].name
            local best = then_in and (most(then_in .. page:match "/.*", least) or most(then_in .. header:match "/.*", least))
            if best then
                return ('Explained in <a href="../%s">chapter %d: %s</a>'):format(best.at, best.number, escape(best.head))
            end
        end
    end
    return ('Part of <a href="index.html">chapter %d</a>'):format(chapter.number)
end

-- Each has one h1. A line of code has its number in an attribute, where it is shown but
-- neither selected nor copied.
local function add_entry(chapter, file)
    local page = chapter.name .. "/" .. file
    local body = read(temporary .. "/" .. page)
    local title = body:match '<div class="title">(.-)</div>'
    local back = file:match "annotated" and "" or '<p class="explained">' .. explained(page, chapter) .. "</p>"
    body = body:gsub('<div class="title">.-</div>', function() return '<h1 class="title">' .. title .. "</h1>" .. back end)
    body = body:gsub('<div id="nav%-path".-</div>', ""):gsub('(<div class="fragment")', '%1 tabindex="0"')
    body = body:gsub('(<div class="memproto")', '%1 tabindex="0"')
    body = body:gsub('<span class="lineno">(.-)</span>', function(number)
        return ('<span class="lineno" data-line="%s"></span>\1'):format(number:gsub("<.->", ""))
    end):gsub("\1&#160;", ""):gsub("\1", "")
    pages[page] = {page = page, chapter = chapter, up = "../", title = title, body = body, class = "entry"}
    return pages[page]
end

-- --- All of it -----------------------------------------------------------------------------

-- Each of these pages leads to the next, and back.
local function walk(row)
    for i, page in ipairs(row) do
        page.before, page.after = row[i - 1] or page.before, row[i + 1] or page.after
    end
end

local function bar(page)
    local out = {('<a class="course" href="%sindex.html">%s</a><span class="chapters"><span>Chapter</span>')
        :format(page.up, escape(pages["index.html"].title))}
    for _, chapter in ipairs(chapters) do
        out[#out + 1] = ('<a href="%s%s/index.html" title="%s"%s>%d</a>'):format(page.up, chapter.name,
            escape(chapter.question), chapter == page.chapter and ' aria-current="true"' or "", chapter.number)
    end
    out[#out + 1] = "</span>"
    for _, name in ipairs{"glossary", "names", "measured"} do
        if pages[name .. ".html"] then out[#out + 1] = ('<a href="%s%s.html">%s</a>'):format(page.up, name, name) end
    end
    return table.concat(out, "\n")
end

local function step(page, rel)
    local to = rel == "prev" and page.before or rel == "next" and page.after
    local words = to and (rel == "prev" and "← %s" or "%s →"):format(escape(to.title))
    return to and ('<a rel="%s" href="%s%s">%s</a>'):format(rel, page.up, to.page, words) or ""
end

local template = read "docs/page.html"
local function html(page)
    local chapter = page.chapter
    local values = {
        title = escape(page.title), body = page.body, class = page.class, up = page.up, bar = bar(page),
        chapter = chapter and chapter.number or "", part = chapter and "Chapter " .. chapter.number or pages["index.html"].title,
        walk = step(page, "prev") .. step(page, "next"),
        chapterbar = chapter and ([[<nav class="chapter" aria-label="Chapter"><a class="question" href="index.html">%d. %s</a>
            <a href="index.html">Text</a> <a href="sources.html">Sources</a> <a href="annotated.html">Structs</a></nav>]])
            :format(chapter.number, escape(chapter.question)) or "",
    }
    return (template:gsub("%$(%a+)%$", values))
end

-- Names each link that leads nowhere.
local function check_links(finished)
    local ids = {}
    for page, all in pairs(finished) do
        ids[page] = {}
        for id in all:gmatch '[ <]id="([^"]*)"' do ids[page][id] = true end
    end
    for page, all in pairs(finished) do
        for kind, target in all:gmatch '(%a+)="([^"]*)"' do
            if (kind == "href" or kind == "src") and not target:match "^%a+:" and target ~= "#" then
                local path, anchor = target:match "^([^#]*)#?(.*)$"
                path = path == "" and page or normal((page:match "^(.*)/" or "") .. "/" .. path)
                local file = not finished[path] and io.open(temporary .. "/site/" .. path)
                if file then file:close()
                elseif not finished[path] then wrong(page, ": the link to '", target, "' leads nowhere.")
                elseif anchor ~= "" and not ids[path][anchor] then
                    wrong(page, ": the link to '", target, "' names a place that the page does not have.")
                end
            end
        end
    end
end

function Pandoc()
    local front = {add_text("README.md", "index.html")}
    for _, chapter in ipairs(chapters) do
        table.insert(front, add_text(chapter.folder .. "/README.md", chapter.name .. "/index.html", chapter))
        chapter.question = text.title:gsub("^[Cc]hapter %d+: *", "")
    end
    for _, path in ipairs(texts) do table.insert(front, add_text(path, path:match "([^/]*)%.md$":lower() .. ".html")) end
    table.insert(front, names_page())
    for _, chapter in ipairs(chapters) do
        local row = {pages[chapter.name .. "/index.html"], sources_page(chapter)}
        for _, file in ipairs(chapter.files) do
            if file:match "h$" and not chapter.files[file] then table.insert(row, add_entry(chapter, page_of_file(file) .. ".html")) end
            table.insert(row, add_entry(chapter, page_of_file(file) .. "_source.html"))
        end
        table.insert(row, add_entry(chapter, "annotated.html"))
        for file in io.popen("cd '" .. temporary .. "/" .. chapter.name .. "' && ls"):lines() do
            if file:match "^struct.*%.html$" or file:match "^union.*%.html$" then table.insert(row, add_entry(chapter, file)) end
        end
        walk(row)
    end
    walk(front)
    local finished, count, public = {}, 0, 0
    for page, is in pairs(pages) do
        count = count + 1
        finished[page] = html(is)
        write("site/" .. page, finished[page])
    end
    write("site/search-index.js", "window.courseIndex = [\n" .. table.concat(index) .. "];\n")
    check_links(finished)
    table.sort(faults)
    write("wrong", table.concat(faults, "", 1, math.min(#faults, 40)))
    for _, has in pairs(names) do
        for _, entry in pairs(has) do public = public + (entry.kind == "file" and 0 or 1) end
    end
    return pandoc.Pandoc{pandoc.Plain{pandoc.Str(("%d pages, %d public names"):format(count, public))}}
end
