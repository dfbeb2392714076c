# The plot as an SVG figure: a row for each line of the table, a logarithmic axis,
# and a shape of its own, not only a colour, for each contestant.
function x_of(value) {
    return 300 + along(value) * 480
}

function shape(who, x, y) {
    if (who == 1) return sprintf("<circle class=\"s1\" cx=\"%.1f\" cy=\"%.1f\" r=\"6\"/>", x, y)
    if (who == 2) return sprintf("<rect class=\"s2\" x=\"%.1f\" y=\"%.1f\" width=\"9\" height=\"9\"/>", x - 4.5, y - 4.5)
    if (who == 3) return sprintf("<path class=\"s3\" d=\"M%.1f %.1fl5.5 10h-11z\"/>", x, y - 6)
    return sprintf("<path class=\"s4\" d=\"M%.1f %.1fl5.5 5.5l-5.5 5.5l-5.5 -5.5z\"/>", x, y - 5.5)
}

function text(x, y, anchor, words) {
    printf "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n", x, y, anchor, words
}

END {
    shown_rows = 0
    for (i = 1; i <= rows; i++) shown_rows += measured(row[i])
    bottom = 70 + shown_rows * 24
    printf "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 820 %d\" role=\"img\">\n", bottom + 20
    print "<title>Time for one operation, as a multiple of the limit's; the table says the same in figures</title>"
    print "<style>"
    print "svg { background: #fff } text { font: 13px sans-serif; fill: #222 } line { stroke: #ccc }"
    print ".one { stroke: #222 } .s1 { fill: #0b5cad } .s2, .s3, .s4 { fill: none; stroke-width: 1.8 }"
    print ".s2 { stroke: #8a3a00 } .s3 { stroke: #1b6e2f } .s4 { stroke: #7a1fa2 }"
    print "</style>"
    for (j = 1; j <= names; j++) {
        print shape(j, 200 + j * 110, 16)
        text(212 + j * 110, 21, "start", called[j])
    }
    for (i = least; i <= most; i++) {
        printf "<line%s x1=\"%.1f\" x2=\"%.1f\" y1=\"54\" y2=\"%d\"/>\n", i == 0 ? " class=\"one\"" : "", x_of(2 ^ i), x_of(2 ^ i), bottom
        text(x_of(2 ^ i), 48, "middle", i == 0 ? "1, the limit" : 2 ^ i)
    }
    y = 72
    for (i = 1; i <= rows; i++) {
        if (!measured(row[i])) continue
        text(292, y + 4, "end", title[row[i]])
        for (j = names; j > 0; j--) print shape(j, x_of(ratio(row[i], name[j])), y)
        y += 24
    }
    print "</svg>"
}
