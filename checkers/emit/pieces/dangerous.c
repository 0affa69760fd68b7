static bool dangerous; /* --dangerous was given */

/* A step that takes something from the machine for good. */
#define IF_DANGEROUS(step, why, made)							\
	do {										\
		if (dangerous)								\
			made;								\
		else									\
			cannot(step, why "; --dangerous makes it");			\
	} while (0)
