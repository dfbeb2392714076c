#!/bin/sh
# Writes docs/measured.md and docs/measured.svg from build/bench/results.tsv:
# `make bench PAGE=1` measures and calls it. No figure there is typed by hand.
# PAGE_FOLDER=… writes them elsewhere.
set -u
cd "$(dirname "$0")/.." || exit 1
. scripts/common.sh

results=${RESULTS-build/bench/results.tsv}
loop=$(dirname "$results")/loop.tsv
counts=$(dirname "$results")/counts.tsv
folder=${PAGE_FOLDER-docs}

figures() { # PART
    awk -v part="$1" -f bench/figures.awk -f bench/page.awk bench/rows.txt "$results"
}

make_temporary
if [ -z "${AGAIN-}" ] || [ ! -f "$loop" ]; then
    sh scripts/loop.sh >"$temporary/loop" || exit 1
    mv "$temporary/loop" "$loop" || exit 1
fi
if [ -z "${AGAIN-}" ] || [ ! -f "$counts" ]; then
    sh bench/counts.sh "$counts" || exit 1
fi

awk -f bench/figures.awk -f bench/svg.awk bench/rows.txt "$results" >"$temporary/measured.svg"
{
    cat <<'END'
<!-- Written by 'make bench PAGE=1' from a run: edit bench/page.sh instead. -->
# Measured

How fast is chapter 5's runtime, beside the loops that people use? One command makes
this page: the first table and the plot are one run, the counts and the last table
one more each. The limit is what one writes by hand when there is nothing but the
work: a queue of functions, or epoll, level-triggered and registered once. It can be
beaten, by noise, and because it is epoll by the book and not the least that is
possible. The limit's column says what one operation takes, or how many there are in
a second; the others stand as multiples of the limit's time (or memory), in each row,
so **less is better**.

END
    figures warning
    figures table
    cat <<'END'

Each figure is the median over all rounds of a ratio within one round, so that
what the machine did meanwhile falls on both. *Spread* is half the distance
between the quartiles of chapter 5's ratios. A difference below 5 % is noise, and
so is one within the spread.

![The same figures as a plot: each contestant's time as a multiple of the limit's](measured.svg)

## In counts

Times differ from run to run; these counts hardly do, on a busy machine neither.
For one operation, the program's own instructions (callgrind) and its system calls
(strace), each the difference between a run and one twice as long:

END
    awk -F '\t' -v called='bare=the limit,course=chapter 5,as-one/course=the same compiled as one' '
        BEGIN {
            for (i = split(called, pair, ","); i; i--) {
                split(pair[i], word, "=")
                other[word[1]] = word[2]
            }
            print "| | poll | spawn and end | hop, 1 in flight | hop, 100 in flight | calls a hop, 1 in flight | calls a hop, 100 in flight |"
            print "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"
        }
        {
            printf "| %s | %.0f | %.0f | %.0f | %.0f | %.2f | %.2f |\n",
                ($1 in other) ? other[$1] : $1, $2, $3, $4, $5, $6, $7
        }' "$counts"
    cat <<'END'

*Compiled as one* (`-flto`): what one source file asks of another is put in its place
by the compiler. It is what a program that ships would do; the times above are without.

## Where others are ahead

Below one row, or several, stands the reason.

END
    figures ahead
    cat <<'END'

## The machine

END
    figures machine
    cat <<'END'

## How to repeat it

```sh
sh setup.sh --bench   # libuv, libev and libevent
make bench            # under ten minutes; QUICK=1: under one
make bench PAGE=1     # writes this page, too
```

A machine with nothing else to do, please: the echo keeps client and server on a core
each. Every run's figures stand in `build/bench/results.tsv`.

## What is measured

Each contestant is one program in [bench/](../bench): the same work, the same
sockets, the same buffers, compiled alike, written as its documentation recommends;
where a library offers two ways, the faster one is taken. Each run checks that all
of the work was done: turns and hops are counted, every echoed byte is compared.

- **A self-waking task.** 1,000 tasks ask to be run again, 1,000 times each. Time of
  one poll. Here: a future that wakes its own waker. libuv and libev: an idle
  handle; libevent: an event that makes itself active.
- **A task is spawned and ends.** 1,000,000 of them, 1,000 at a time. All allocate a
  block for each, except the limit: it puts a function into its queue, and takes it out.
- **A waiting task: memory.** Bytes on the heap for one of 100,000 that another thread
  could wake, with the smallest future; beside it `uv_async_t`, `ev_async`, `struct event`.
  The limit, a function and its argument, cannot be woken.
- **A hop.** Socket pairs in a ring; who reads a byte writes it to the next one. Three
  system calls: wait, read, write. Processor time.
- **Echo.** Messages of 64 bytes on loopback, each connection sends again when its
  echo has come. Client and server are processes on a core each; the client is the same
  for all. *Server's time* is its processor time for one trip; *trips* says how many the
  limit made in a second, and compares the time on the clock for one: less is better
  here, too. With 8,000 idle, 64 connections are active.
- **Woken by a thread and back.** A thread wakes the loop, the loop answers with a
  semaphore. On one core: processor time of both; on two: time on the clock.

## The reader's own loop

What `make chapter-N test` takes on this machine, in seconds (`sh scripts/loop.sh`):

END
    awk -F '\t' 'NR == 2 { print "| --- | ---: | ---: | ---: | ---: |" }
        { print "| " $1 " | " $2 " | " $3 " | " $4 " | " $5 " |" }' "$loop"
    cat <<'END'

The last column is the third once more, on the small runner of `support/runner`: the
same tests and sentences, without a process started anew for each.
END
} >"$temporary/measured.md"
mv "$temporary/measured.md" "$temporary/measured.svg" "$folder" ||
    fail "$folder cannot be written to."
echo "$folder/measured.md and $folder/measured.svg are written from this run."
