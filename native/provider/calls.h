/*
 * calls.h - the calls of a provider that we use: one line adds one.
 */
#ifndef DFSKIT_PROVIDER_CALLS_H
#define DFSKIT_PROVIDER_CALLS_H

/* Every provider has these; one without them is refused. */
/* clang-format off */
#define PROVIDER_CALLS(X)                                                                          \
	X(daos_init)              X(daos_fini)                                                     \
	X(daos_pool_connect)      X(daos_pool_disconnect)                                          \
	X(daos_cont_open)         X(daos_cont_close)                                               \
	X(dfs_init)               X(dfs_fini)                                                      \
	X(dfs_connect)            X(dfs_disconnect)                                                \
	X(dfs_local2global_all)   X(dfs_global2local_all)                                          \
	X(dfs_obj2id)             X(dfs_lookup)               X(dfs_lookup_rel)                    \
	X(dfs_open)               X(dfs_dup)                  X(dfs_release)                       \
	X(dfs_obj_local2global)   X(dfs_obj_global2local)                                          \
	X(dfs_read)               X(dfs_readx)                                                     \
	X(dfs_write)              X(dfs_writex)                                                    \
	X(dfs_get_size)           X(dfs_punch)                                                     \
	X(dfs_readdir)            X(dfs_readdirplus)          X(dfs_iterate)                       \
	X(dfs_mkdir)              X(dfs_remove)               X(dfs_move)                          \
	X(dfs_exchange)           X(dfs_get_mode)             X(dfs_get_symlink_value)             \
	X(dfs_stat)               X(dfs_ostat)                X(dfs_osetattr)                      \
	X(dfs_access)             X(dfs_chmod)                X(dfs_chown)                         \
	X(dfs_sync)                                                                                \
	X(dfs_setxattr)           X(dfs_getxattr)                                                  \
	X(dfs_removexattr)        X(dfs_listxattr)

/* NULL where the provider lacks one: newer calls, those of its administration, our extensions. */
#define PROVIDER_OPTIONAL_CALLS(X)                                                                 \
	X(d_errstr)               X(d_errdesc)                X(daos_reinit)                       \
	X(daos_eq_lib_reset_after_fork)                       X(daos_dti_reset)                    \
	X(daos_pool_query)        X(daos_pool_list_cont)                                           \
	X(daos_cont_create)       X(daos_cont_create_with_label)                                   \
	X(daos_cont_destroy)      X(daos_cont_query)                                               \
	X(daos_cont_list_attr)    X(daos_cont_get_attr)                                            \
	X(daos_cont_set_attr)     X(daos_cont_del_attr)                                            \
	X(daos_cont_create_snap)  X(daos_cont_list_snap)      X(daos_cont_destroy_snap)            \
	X(daos_pool_local2global) X(daos_pool_global2local)                                        \
	X(daos_cont_local2global) X(daos_cont_global2local)                                        \
	X(daos_prop_alloc)        X(daos_prop_free)           X(daos_prop_entry_get)               \
	X(daos_eq_create)         X(daos_eq_destroy)          X(daos_eq_poll)                      \
	X(daos_event_init)        X(daos_event_fini)          X(daos_event_test)                   \
	X(dfs_connect_snap)       X(dfs_destroy)                                                   \
	X(dfs_cont_create)        X(dfs_cont_create_with_label)                                    \
	X(dfs_mount)              X(dfs_mount_snap)           X(dfs_umount)                        \
	X(dfs_pool_get)           X(dfs_pool_put)                                                  \
	X(dfs_cont_get)           X(dfs_cont_put)                                                  \
	X(dfs_query)              X(dfs_set_prefix)                                                \
	X(dfs_local2global)       X(dfs_global2local)                                              \
	X(dfs_suggest_oclass)     X(dfs_obj_get_info)                                              \
	X(dfs_obj_set_oclass)     X(dfs_obj_set_chunk_size)                                        \
	X(dfs_get_chunk_size)     X(dfs_get_file_oh)          X(dfs_update_parent)                 \
	X(dfs_dir_anchor_set)     X(dfs_obj_anchor_split)     X(dfs_obj_anchor_set)                \
	X(dfs_cont_check)         X(dfs_cont_set_owner)       X(dfs_get_size_by_oid)               \
	X(dfs_open_stat)          X(dfs_lookupx)              X(dfs_move_internal)                 \
	X(dfs_update_parentfd)    X(dfs_obj_copy_attr)        X(dfs_ostatx)                        \
	X(dfsx_cont_check)                                                                         \
	X(dfsx_readdir)           X(dfsx_getdents)                                                 \
	X(dfsx_remove)            X(dfsx_rename)                                                   \
	X(dfsx_link)              X(dfsx_append)              X(dfsx_seek)                         \
	X(dfsx_fallocate)         X(dfsx_fsync)               X(dfsx_statfs)                       \
	X(dfsx_dir_path)          X(dfsx_open_oid)            X(dfsx_dir_generation)               \
	X(dfsx_owns_fd)           X(dfsx_fork)                X(dfsx_open_unnamed)                 \
	X(dfsx_set_snapshot)      X(dfsx_in_snapshot)         X(dfsx_links)                        \
	X(dfsx_open_name)
/* clang-format on */

#endif
