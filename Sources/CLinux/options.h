// getopt_long(3): its results are global variables, which Swift's concurrency checks refuse; here they are functions.
#pragma once
#include <getopt.h>

// Begins a new command line. 0, not 1, makes glibc forget all of an earlier one.
static inline void lbd_getopt_reset(void) {
    optind = 0;
    opterr = 0;
}
static inline const char *lbd_getopt_argument(void) { return optarg; }
static inline int lbd_getopt_index(void) { return optind; }
static inline int lbd_getopt_option(void) { return optopt; }
