/* checked.c - a program that is built with a sanitizer: files by descriptor and stream, a directory, threads, a child. */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void *use(void *arg)
{
	char name[64], *bytes = malloc(100000);
	struct stat st;

	snprintf(name, sizeof(name), "checked-%ld", (long)arg);
	memset(bytes, 'a' + (char)(long)arg, 100000);
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);
	if (write(fd, bytes, 100000) != 100000 || pread(fd, bytes, 100000, 0) != 100000 || fstat(fd, &st) || close(fd))
		perror(name);
	FILE *f = fopen(name, "r+");
	if (!f || fseek(f, 5000, SEEK_SET) || fgetc(f) != bytes[5000] || fprintf(f, "%s", "text") != 4 || fclose(f))
		perror(name);
	free(bytes);
	return (void *)(long)st.st_size;
}

int main(void)
{
	pthread_t threads[4];
	void *size;
	int status, names = 0;

	for (long i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, use, (void *)i);
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], &size);
		printf("%ld\n", (long)size);
	}
	fflush(stdout);
	if (fork() == 0)
		_exit(use((void *)4L) == (void *)100000L ? 3 : 4);
	wait(&status);
	DIR *dir = opendir(".");
	for (struct dirent *e; (e = readdir(dir));)
		names += strncmp(e->d_name, "checked-", 8) == 0;
	closedir(dir);
	printf("%d names, child %d\n", names, WEXITSTATUS(status));
	return 0;
}
