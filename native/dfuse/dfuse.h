/*
 * dfuse.h - what the parts of the daemon share.
 *
 * Lock ranks, outermost first (a thread takes them in this order only):
 *   1 dir.lock    the entries that one opendir() has read ahead
 *   2 the list of linked containers (container.c)
 *   3 shard.lock  one part of the inode table: lookup counts, membership (inode.c)
 *   4 inode.lock  the provider's handle of an inode, and the stamp of its cached pages
 */
#ifndef DFUSE_H
#define DFUSE_H

#include <fuse_lowlevel.h>
#include <linux/fuse.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <dfskit_ioctl.h>
#include "provider.h"

/* Largest read and write that we ask the kernel for; what it grants may be less. */
#define MAX_TRANSFER (1u << 20)

/* How far the kernel may trust what it has seen. */
enum caching {
	CACHING_NONE,     /* nothing: every read and write comes here */
	CACHING_COHERENT, /* names and attributes never, pages until the file changes */
	CACHING_CACHED    /* all of it for some seconds */
};

struct options {
	char *pool, *cont, *dir;
	char *snapshot;          /* name of the snapshot to mount, or NULL */
	daos_epoch_t snap_epoch; /* or its epoch, or 0 */
	char *store;             /* NULL: the provider's own default */
	char *provider;          /* NULL: $DFSKIT_PROVIDER, else local */
	char *sys_name;
	char *log;   /* where standard error goes in the background; NULL: nowhere */
	char *mount; /* options for the kernel or libfuse, by commas */
	int threads;
	enum caching caching;
	bool caching_given; /* on the command line: attributes of the container say nothing then */
	bool foreground, debug, read_only, allow_other, default_permissions;
};

/* Which pages of a file an open may find. */
enum pages {
	PAGES_NEVER,     /* none, ever: reads and writes come here */
	PAGES_UNCHANGED, /* those from before, if the file has not changed since */
	PAGES_KERNEL,    /* all: the kernel drops them when it sees a change */
	PAGES_TIMED,     /* those from before, if the last close was at most `seconds` ago or nothing has changed */
	PAGES_OPEN       /* those of who has it open at the same time */
};

/* What the kernel may keep of a container. */
struct policy {
	double attr, dentry, dentry_dir,
	    negative; /* seconds; dentry_dir: names of directories, negative: missing ones */
	double seconds;
	enum pages pages;
	bool ignore_direct; /* O_DIRECT of an open does not lead past the pages */
};

/* A container that is open here. All but refs and next stays as it is. */
struct container {
	dfs_t *dfs;
	char *pool, *label;
	bool read_only;
	uint8_t pool_uuid[16], uuid[16];
	daos_obj_id_t root_oid;
	struct inode *root; /* of the one that is mounted: the kernel knows it by a number of its own */
	struct policy policy;
	uint64_t mount_id;        /* unique on this node */
	uint64_t salt;            /* sets its inode numbers apart; 0 for the one that is mounted */
	struct container *parent; /* the one that has the object `link` with the attribute user.daos, or NULL */
	daos_obj_id_t link;
	int refs; /* of the list in container.c: one for each inode and lookup under way */
	struct container *next;
};

/* What an object says in user.daos; len 0 when nothing. */
struct link {
	daos_size_t len;
	char value[512];
};

/* An open object of the provider, used by several requests at once. */
struct handle {
	dfs_t *dfs;
	dfs_obj_t *obj;
	_Atomic int refs;
	bool writable;
};

/* What a file looked like when its cached pages were known to be true. */
struct stamp {
	struct timespec mtime, ctime;
	off_t size;
	uint64_t drop; /* counts the opens that dropped the pages; this is how it looked at the last one */
	bool known;
	bool settled; /* the kernel has dropped the pages from before; only then may they be kept */
};

/* An object that the kernel knows. Its address is the node id. */
struct inode {
	struct container *cont;
	daos_obj_id_t oid;
	mode_t type;           /* S_IFMT bits: an object never changes them */
	_Atomic int broken;    /* stands for a container that can't be opened, for this reason: nothing goes below it */
	_Atomic bool snapshot; /* below .snapshot: the kernel keeps nothing, so that it goes with the snapshot */
	bool synthetic;        /* a hidden symbolic link to a directory or to ourselves: no object */
	_Atomic uint64_t number; /* st_ino */
	_Atomic uint64_t parent; /* number of a directory's parent when last looked up, for ".." */
	_Atomic int refs;        /* one for the table, one for each open file */
	uint64_t nlookup;        /* shard.lock: what the kernel will forget */
	struct inode *next;      /* shard.lock: hash chain */
	pthread_mutex_t lock;    /* of what follows */
	struct handle *handle;   /* NULL while nobody needs one */
	int opens;
	struct timespec closed; /* when nobody had it open any more */
	struct stamp stamp;
};

/* An open regular file: fi->fh. */
struct file {
	struct inode *inode;
	struct handle *handle;
	bool direct;            /* past the page cache */
	uint64_t drop;          /* which open that dropped the pages this was */
	_Atomic bool unsettled; /* opened with the pages dropped, and not used since */
};

struct dfuse {
	const struct provider *p;
	struct options opts;
	struct fuse_session *session;
	struct container main; /* that was mounted */
	uid_t uid;
	gid_t gid;
	struct dfskit_ioctl_stats *stats; /* where requests are counted: published.c */
};

extern struct dfuse dfuse;

#define COUNT(opcode)      __atomic_fetch_add(&dfuse.stats->requests[opcode], 1, __ATOMIC_RELAXED)
#define COUNT_OPEN(opcode) (COUNT(opcode), __atomic_fetch_add(&dfuse.stats->opens, 1, __ATOMIC_RELEASE))

/* ---- options.c --------------------------------------------------------------------------------- */

/** Reads the command line. 0, 1 when there is nothing more to do (--help), -1 after a message. */
int options_parse(struct options *opts, int argc, char **argv);

/** Prints `dfuse: what: why` and, if not NULL, the remedy, on standard error. */
void complain(const char *what, const char *why, const char *remedy);

/* ---- start.c ----------------------------------------------------------------------------------- */

/** Starts this program again without our shims when one of them is loaded into it. */
void start_without_shims(char **argv);

/** Checks that \a opts->dir can be mounted on; complains and returns -1 if not. */
int start_check_directory(struct options *opts);

/** Device number of the mount on \a dir (canonical); false when there is none. */
bool start_mounted(const char *dir, unsigned int *major, unsigned int *minor);

/** Goes on in a background process. The process that called waits there for start_done() and never
 *  returns; the new one does, with 0. */
int start_background(const struct options *opts);

/** Tells the waiting process how the start ended, and lets go of the terminal. */
void start_done(const struct options *opts, bool ok);

/* ---- published.c ------------------------------------------------------------------------------- */

/** Puts the page of dfuse.stats where shims find it, as long as the mount is there. Where that can't be, they ask. */
void requests_publish(void);
void requests_withdraw(void);

/* ---- workers.c --------------------------------------------------------------------------------- */

/** Answers requests, \a max at a time, until the session ends and the last of them is answered. 0 or an errno. */
int workers_run(unsigned int max);

/** Makes workers_run() return. From any thread. */
void workers_end(void);

/* ---- threads.c --------------------------------------------------------------------------------- */

/** Does it run, or wait for nothing but a processor? False, too, when it can't be looked at. */
bool thread_runs(pid_t tid);

/** The processor on which it runs or ran last, -1 when it can't be looked at. */
int thread_processor(pid_t tid);

/* ---- container.c ------------------------------------------------------------------------------- */

/** Opens what \a opts name. 0 or an errno. */
int container_open(struct container *cont, const struct options *opts);
void container_close(struct container *cont);

/** The container \a pool / \a label that the object \a link of \a parent stands for, with a reference.
 *  0 or an errno: ENOLINK when there is no such container, ELOOP when it leads into itself. */
int container_linked(struct container *parent, daos_obj_id_t link, const char *pool, const char *label,
                     struct container **out);
struct container *container_ref(struct container *cont);
void container_put(struct container *cont);

/* ---- policy.c ---------------------------------------------------------------------------------- */

/** Finds out what the kernel may keep of an open container. */
void policy_read(struct container *cont);

/* ---- link.c ------------------------------------------------------------------------------------ */

/** False when no object of \a cont has the attribute user.daos. */
bool links_possible(const struct container *cont);

/** Reads "DAOS.POSIX://POOL/LABEL" into two buffers of \a size bytes. False for anything else. */
bool link_parse(const char *value, size_t len, char *pool, char *label, size_t size);

/** dfs_lookup_rel() in \a dir that also reads user.daos of what it finds. */
int link_lookup(struct handle *dir, const char *name, int flags, dfs_obj_t **obj, struct stat *st, struct link *link);

/** The container that \a link, of an object of \a in, names; with a reference. 0 or an errno: ENODATA when it names
 *  none of files, else what container_linked() says. */
int link_enter(struct container *in, dfs_obj_t *obj, const struct link *link, struct container **out);

/** The attribute user.daos that the root of a container has. Its length, 0 for any other object. */
int link_value(const struct inode *inode, char *value, size_t size);

/* ---- inode.c ----------------------------------------------------------------------------------- */

/** The inode of a request. */
struct inode *inode_of(fuse_ino_t ino);

/** The inode number of an object whose own one, in \a cont, is \a ino. */
uint64_t inode_number(const struct container *cont, uint64_t ino);

/** Adds to attributes as the provider gave them what it leaves out or can't know. */
void inode_complete_stat(const struct inode *inode, struct stat *st);

/** The inode of \a oid with one lookup more; made when new. Takes over \a obj (may be NULL).
 *  NULL: no memory. */
struct inode *inode_get(struct container *cont, daos_obj_id_t oid, mode_t type, dfs_obj_t *obj, bool writable);

/** The inode of \a oid if the kernel knows it, with a reference to be dropped; else NULL. */
struct inode *inode_find(const struct container *cont, daos_obj_id_t oid);

/** A symbolic link that stands for the directory \a oid, or (type 0) for our process id. */
struct inode *inode_synthetic(daos_obj_id_t oid, mode_t type);

/** Takes \a n lookups back. */
void inode_forget(struct inode *inode, uint64_t n);

/** Gives memory back to the system when many inodes were forgotten; for when there is nothing else to do. */
void inode_trim(void);
void inode_ref(struct inode *inode);
void inode_unref(struct inode *inode);

/** Closes everything, when no request is under way any more. */
void inode_forget_all(void);

/** The provider's handle, opened if need be; to be given back with handle_put().
 *  \return 0 or an errno: ESTALE when the object is no more */
int inode_handle(struct inode *inode, bool write, struct handle **out);

/** Counts an opened file: keeps the handle, so that the object outlives its names. */
int inode_open(struct inode *inode, bool write, struct handle **out);
void inode_close(struct inode *inode);
void handle_put(struct handle *handle);

/* ---- names.c ----------------------------------------------------------------------------------- */

/** Looks a name up for the kernel. \a entry is complete on success. 0 or errno. */
int name_lookup(struct inode *parent, const char *name, struct fuse_entry_param *entry);

/** The same below an open directory. */
int name_lookup_in(struct handle *dir, struct inode *parent, const char *name, struct fuse_entry_param *entry);

/** Answers a request for a name: an errno, or the entry, which is forgotten where the kernel does not take it. */
void name_reply(fuse_req_t req, int rc, const struct fuse_entry_param *entry);

/** Whether \a name is one of ours in the root, which no file can have. */
bool name_hidden(const char *name);

void op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name);
void op_forget(fuse_req_t req, fuse_ino_t ino, uint64_t nlookup);
void op_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *forgets);
void op_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, struct fuse_file_info *fi);
void op_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t rdev);
void op_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode);
void op_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name);
void op_readlink(fuse_req_t req, fuse_ino_t ino);

/* ---- moves.c ----------------------------------------------------------------------------------- */

void op_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t new_parent, const char *new_name);
void op_unlink(fuse_req_t req, fuse_ino_t parent, const char *name);
void op_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name);
void op_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t new_parent, const char *new_name,
               unsigned int flags);

/* ---- transport.c ------------------------------------------------------------------------------- */

/** Sees the requests and answers of \a session, which is mounted, from now on. 0 or -errno. */
int transport_use(struct fuse_session *session);

/** Takes set-user-id and set-group-id bits off a file that the request of this thread changes, if it says so. */
int transport_drop_privs(struct handle *handle);

/* ---- access.c ---------------------------------------------------------------------------------- */

/** True when the mount needs the option default_permissions. */
bool access_by_kernel(void);

/** May the user of the daemon do what \a mask (R_OK, W_OK, X_OK) says? 0 or EACCES; 0 where the kernel checks. */
int access_check(struct inode *inode, int mask);

/** The same for the flags of an open(2). */
int access_check_open(struct inode *inode, int flags);

void op_access(fuse_req_t req, fuse_ino_t ino, int mask);

/* ---- attributes.c ------------------------------------------------------------------------------ */

void op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void op_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *st, int to_set, struct fuse_file_info *fi);
void op_setxattr(fuse_req_t req, fuse_ino_t ino, const char *name, const char *value, size_t size, int flags);
void op_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name, size_t size);
void op_listxattr(fuse_req_t req, fuse_ino_t ino, size_t size);
void op_removexattr(fuse_req_t req, fuse_ino_t ino, const char *name);
void op_statfs(fuse_req_t req, fuse_ino_t ino);

/* ---- data.c ------------------------------------------------------------------------------------ */

/** A file for fi->fh, with the cache flags of \a fi set. Counts as an open of \a inode. */
int file_new(struct inode *inode, struct fuse_file_info *fi, struct file **out);
void file_free(struct file *file);

void op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi);
void op_write(fuse_req_t req, fuse_ino_t ino, const char *buf, size_t size, off_t off, struct fuse_file_info *fi);
void op_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void op_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void op_fsync(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi);
void op_fallocate(fuse_req_t req, fuse_ino_t ino, int mode, off_t off, off_t len, struct fuse_file_info *fi);
void op_lseek(fuse_req_t req, fuse_ino_t ino, off_t off, int whence, struct fuse_file_info *fi);
void op_copy_file_range(fuse_req_t req, fuse_ino_t ino_in, off_t off_in, struct fuse_file_info *fi_in,
                        fuse_ino_t ino_out, off_t off_out, struct fuse_file_info *fi_out, size_t len, int flags);

/* ---- directory.c ------------------------------------------------------------------------------- */

void op_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void op_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi);
void op_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi);
void op_releasedir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void op_fsyncdir(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi);

/* ---- ioctl.c, daos_ioctl.c, handles.c ---------------------------------------------------------- */

/** Answers a request of DAOS's own interception libraries. False when it is none. */
bool daos_ioctl(fuse_req_t req, struct inode *inode, unsigned int cmd);

/* What a handle is of. WHAT_ALL: the mount with its pool and container. */
enum what {
	WHAT_POOL,
	WHAT_CONT,
	WHAT_DFS,
	WHAT_ALL,
	WHAT_OBJECT
};

/** A handle for another process; the caller frees out->iov_buf. 0 or an errno. */
int handle_bytes(enum what what, struct inode *inode, d_iov_t *out);

void op_ioctl(fuse_req_t req, fuse_ino_t ino, unsigned int cmd, void *arg, struct fuse_file_info *fi, unsigned flags,
              const void *in, size_t in_size, size_t out_size);

#endif
