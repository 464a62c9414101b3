/* libpthread.c - names of libpthread.so.0 as of glibc 2.12: see CMakeLists.txt. */
#define NAME(name)      \
	void name(void) \
	{               \
	}
NAME(pthread_create);
NAME(pthread_join);
NAME(pthread_once);
NAME(pthread_sigmask);
NAME(pthread_key_create);
NAME(pthread_key_delete);
NAME(pthread_getspecific);
NAME(pthread_setspecific);
NAME(pthread_mutex_trylock);
NAME(pthread_mutexattr_init);
NAME(pthread_mutexattr_destroy);
NAME(pthread_mutexattr_setpshared);
NAME(pthread_mutexattr_setrobust);
NAME(pthread_mutex_consistent);
