/*
 * opener.c - a program that loads a shim itself, where it was not preloaded:
 *   opener dlopen|dlmopen SHIM FILE
 * Reads, writes and lists before and after, with threads, and closes the handle again. Says what it read.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *file;

static void *use(void *what)
{
	char bytes[64] = "", name[4096];
	FILE *f = fopen(file, "r");

	if (!f || !fgets(bytes, sizeof(bytes), f))
		perror(file);
	if (f)
		fclose(f);
	snprintf(name, sizeof(name), "%s-%s", file, (const char *)what);
	int fd = open(name, O_RDWR | O_CREAT, 0644);
	if (fd < 0 || write(fd, what, strlen(what)) < 0 || pread(fd, bytes + 32, 8, 0) < 0 || close(fd) || unlink(name))
		perror(name);
	printf("%s: %.*s %s\n", (const char *)what, (int)strcspn(bytes, "\n"), bytes, bytes + 32);
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	int status;

	file = argv[3];
	use("before");
	void *shim = strcmp(argv[1], "dlopen") == 0 ? dlopen(argv[2], RTLD_NOW | RTLD_GLOBAL)
	                                            : dlmopen(LM_ID_NEWLM, argv[2], RTLD_NOW);
	printf("%s\n", shim ? "loaded" : dlerror());
	use("after");
	pthread_create(&thread, NULL, use, "thread");
	pthread_join(thread, NULL);
	fflush(stdout);
	if (fork() == 0) {
		use("child");
		fflush(stdout);
		_exit(0);
	}
	wait(&status);
	printf("child ended with %d\n", status);
	if (shim && dlclose(shim))
		printf("%s\n", dlerror());
	use("closed");
	return 0;
}
