/* libdl.c - names of libdl.so.2 as of glibc 2.3: see CMakeLists.txt. */
#define NAME(name)      \
	void name(void) \
	{               \
	}
NAME(dlopen);
NAME(dlsym);
NAME(dlclose);
NAME(dlerror);
NAME(dladdr);
NAME(dladdr1);
NAME(dlinfo);

/* Of libc.so.6, where they may be missing and are 0 then: they have no version here, so none is asked for. */
char __libc_single_threaded; /* from glibc 2.32 on */
NAME(pthread_testcancel);    /* before 2.34 in libpthread.so.0, which a program without threads need not have */
