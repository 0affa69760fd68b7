/* What this kernel and machine can do: the header of a recording. */
#ifndef PROBE_H
#define PROBE_H

/* Says "field value" lines, and "done". */
void probe(void);

#endif
