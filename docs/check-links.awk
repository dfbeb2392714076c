# Names each link of the site that leads nowhere. Its input is a list of the pages,
# one a line, from the site's own folder; other links (https:) are not followed.
{ page[$0] }
END {
    for (name in page) {
        while ((getline line < name) > 0) {
            rest = line
            while (match(rest, /(id|name)="[^"]*"/)) {
                what = substr(rest, RSTART, RLENGTH)
                rest = substr(rest, RSTART + RLENGTH)
                gsub(/^[a-z]*="|"$/, "", what)
                anchor[name "#" what]
            }
            while (match(line, /(href|src|xlink:href)="[^"]*"/)) {
                what = substr(line, RSTART, RLENGTH)
                line = substr(line, RSTART + RLENGTH)
                gsub(/^[a-z:]*="|"$/, "", what)
                if (what !~ /^(https?:|mailto:|data:|javascript:)/ && what != "#" && what != "") link[name "\t" what]
            }
        }
        close(name)
    }
    for (each in link) {
        split(each, part, "\t")
        target = part[2]
        mark = ""
        if (at = index(target, "#")) {
            mark = substr(target, at)
            target = substr(target, 1, at - 1)
        }
        folder = part[1]
        if (!sub(/[^\/]*$/, "", folder)) folder = ""
        target = target == "" ? part[1] : folder target
        while (match(target, /[^\/]+\/\.\.\//)) target = substr(target, 1, RSTART - 1) substr(target, RSTART + RLENGTH)
        if (target ~ /\.html$/ ? !(target in page) : !exists(target))
            print part[1] ": the link to '" part[2] "' leads nowhere."
        else if (mark != "" && mark != "#" && target ~ /html$/ && !((target mark) in anchor))
            print part[1] ": the link to '" part[2] "' names a place that the page does not have."
    }
}
function exists(file,  line, result) {
    if (!(file in known)) {
        known[file] = (getline line < file) >= 0
        close(file)
    }
    return known[file]
}
