/* requests.c - prints the requests that a dfuse has answered, a line an opcode of <linux/fuse.h>: "OPCODE COUNT". */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <dfskit_ioctl.h>

int main(int argc, char **argv)
{
	struct dfskit_ioctl_stats stats;
	int fd = open(argc > 1 ? argv[1] : ".", O_RDONLY | O_DIRECTORY);

	if (fd < 0 || ioctl(fd, DFSKIT_IOCTL_STATS, &stats) < 0) {
		perror("requests");
		return 1;
	}
	for (int i = 0; i < 64; i++)
		printf("%d %" PRIu64 "\n", i, stats.requests[i]);
	return 0;
}
