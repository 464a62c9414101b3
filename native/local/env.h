/*
 * env.h - the LMDB environment of a container (env.c).
 */
#ifndef LOCAL_ENV_H
#define LOCAL_ENV_H

#include <lmdb.h>
#include <stdbool.h>
#include <sys/types.h>

struct cont;

int env_open(struct cont *c, bool create);
void env_close(struct cont *c);
void env_gate(struct cont *c);                                   /* keeps readers out until c->gate is false again */
int env_resize(struct cont *c, bool grow);                       /* of the map; writer held */
int env_errno(int rc);                                           /* positive errno of an LMDB result */
int env_open_base(const char *path, mode_t mode, MDB_env **env); /* a tree of this process alone, synced */
int env_ready(struct cont *c);                                   /* after a fork: opens everything anew in the child */
void env_fork(int stage);

#endif
