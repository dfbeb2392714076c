# Prints the line of the input that is nearest to `word`: the fewest letters to
# add, drop, change, or swap with their neighbour.

function least(a, b) { return a < b ? a : b }

function distance(a, b,    i, j, cost, d) {
    for (i = 0; i <= length(a); i++) d[i, 0] = i
    for (j = 0; j <= length(b); j++) d[0, j] = j
    for (i = 1; i <= length(a); i++)
        for (j = 1; j <= length(b); j++) {
            cost = substr(a, i, 1) != substr(b, j, 1)
            d[i, j] = least(d[i-1, j-1] + cost, least(d[i-1, j], d[i, j-1]) + 1)
            if (i > 1 && j > 1 && substr(a, i, 1) == substr(b, j-1, 1) &&
                substr(a, i-1, 1) == substr(b, j, 1))
                d[i, j] = least(d[i, j], d[i-2, j-2] + 1)
        }
    return d[length(a), length(b)]
}

{
    here = distance(word, $0)
    if (NR == 1 || here < best) {
        best = here
        nearest = $0
    }
}

END { print nearest }
