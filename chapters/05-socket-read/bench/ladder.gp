# Draws what bench/ladder.c has found out, on the terminal and as a picture:
#   gnuplot -e "data='FIGURES'; svg='PICTURE'" bench/ladder.gp
# The first line of the figures names their columns.

array names = ["1 ask each in turn", "2 a thread each", "3 poll(2)", \
    "4 epoll, add + remove", "5 epoll, one-shot", "6 this chapter", "- epoll by hand"]
# Colours and points that can be told apart without seeing red or green.
array colours = ["#d55e00", "#cc79a7", "#b8860b", "#56b4e9", "#009e73", "#000000", "#777777"]
array points = [1, 2, 3, 4, 8, 7, 6]

# What belongs to another line is no point of this one.
of(rung, name) = column("rung") == rung ? column(name) : NaN

set encoding utf8
set datafile columnheaders
set datafile missing NaN
set logscale xy
set xrange [0.7:15000]
set yrange [0.7:20000]
set format "%.0f"
set xlabel "sockets"
set style data linespoints

# --- On the terminal: processor time -------------------------------------------

text = svg.".txt"
set terminal dumb 98 24 noenhanced
set output text
set title "Processor time for a message, in µs"
set key outside right center samplen 1
plot for [i=1:7] data using "sockets":(of(i, "cpu-ns") / 1000) title names[i]
unset output
set print "-"
print system("tr -d '\\f' <".text." | sed 's/ *$//'")

# --- As a picture: counts first, time second ------------------------------------

set terminal svg size 1080,400 font "sans-serif,13" background "white" noenhanced
set output svg
set multiplot
set grid xtics ytics linecolor "#dddddd"
set border 3
set xtics nomirror
set ytics nomirror
unset key
set tmargin at screen 0.90
set bmargin at screen 0.30

set lmargin at screen 0.05
set rmargin at screen 0.32
set title "System calls for a message"
plot for [i=1:7] data using "sockets":(of(i, "calls")) \
    linecolor rgb colours[i] pointtype points[i] linewidth 1.5
set lmargin at screen 0.385
set rmargin at screen 0.655
set title "Looks at a socket for a message"
plot for [i=1:7] data using "sockets":(of(i, "looks")) \
    linecolor rgb colours[i] pointtype points[i] linewidth 1.5
set lmargin at screen 0.72
set rmargin at screen 0.99
set title "Processor time for a message, in µs"
plot for [i=1:7] data using "sockets":(of(i, "cpu-ns") / 1000) \
    linecolor rgb colours[i] pointtype points[i] linewidth 1.5

# The names, below all three: a plot without anything else in it.
set lmargin at screen 0.05
set rmargin at screen 0.99
set tmargin at screen 0.16
set bmargin at screen 0.01
unset title
unset xlabel
unset border
unset tics
unset grid
set key center center horizontal maxcols 4 samplen 2
plot for [i=1:7] 1e9 with linespoints title names[i] \
    linecolor rgb colours[i] pointtype points[i] linewidth 1.5
unset multiplot
