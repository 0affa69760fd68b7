#define TEST_EXPECT_ERRNO(call, error)						\
do {										\
	errno = 0;								\
	TEST_ASSERT((long)(call) == -1 && errno == (error),			\
		    "'%s' should have failed with " #error ", errno: %i (%s)",	\
		    #call, errno, strerror(errno));				\
} while (0)
