/* The local provider as libdaos behaves: it has descriptors of its own, made as any library makes them, says of none that
 * it is its own, and writes nothing once one of them has become another file. Linked with libdfs_local. */
#include <dlfcn.h>
#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include <daos_fs.h>

__asm__(".globl dfsx_owns_fd\n\t.type dfsx_owns_fd, @object\n\t.set dfsx_owns_fd, 0");

static int made[4] = {-1, -1, -1, -1};

int dfs_init(void)
{
	if (made[0] < 0) {
		made[0] = epoll_create1(0);
		made[1] = eventfd(0, 0);
		socketpair(AF_UNIX, SOCK_STREAM, 0, made + 2);
		struct epoll_event event = {.events = EPOLLIN};
		for (int i = 1; i < 4; i++)
			epoll_ctl(made[0], EPOLL_CTL_ADD, made[i], &event);
		close(socket(AF_UNIX, SOCK_STREAM, 0));
	}
	return ((__typeof__(&dfs_init))dlsym(RTLD_NEXT, "dfs_init"))();
}

static int whole(void)
{
	struct epoll_event event;
	char byte = 'x';

	return send(made[2], &byte, 1, 0) == 1 && epoll_wait(made[0], &event, 1, 0) == 1 && recv(made[3], &byte, 1, 0) == 1 &&
	       epoll_wait(made[0], &event, 1, 0) == 0;
}

int dfs_write(dfs_t *dfs, dfs_obj_t *obj, d_sg_list_t *sgl, daos_off_t off, daos_event_t *ev)
{
	if (!whole())
		return EIO;
	return ((__typeof__(&dfs_write))dlsym(RTLD_NEXT, "dfs_write"))(dfs, obj, sgl, off, ev);
}
