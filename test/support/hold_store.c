/* hold_store.c - keeps the store of a container from being written until standard input ends: hold_store META. */
#include <lmdb.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	MDB_env *env;
	MDB_txn *txn;
	char c;
	int rc = argc != 2 || mdb_env_create(&env);

	if (!rc)
		rc = mdb_env_set_mapsize(env, 0);
	if (!rc)
		rc = mdb_env_open(env, argv[1], MDB_NOSUBDIR, 0600);
	if (!rc)
		rc = mdb_txn_begin(env, NULL, 0, &txn);
	if (rc) {
		fprintf(stderr, "hold_store: %s\n", mdb_strerror(rc));
		return 1;
	}
	puts("held");
	fflush(stdout);
	while (read(0, &c, 1) > 0)
		;
	mdb_txn_abort(txn);
	mdb_env_close(env);
	return 0;
}
