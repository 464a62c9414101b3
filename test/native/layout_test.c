/*
 * layout_test.c - the structures of the API have the layout of DAOS 2.8 on 64-bit Linux: a program that was compiled
 * with the headers of one runs on the libraries of the other. What is tested is that this compiles.
 */
#include <stddef.h>
#include <daos.h>
#include <daos_fs.h>
#include <daos_fs_sys.h>
#include <daos_uns.h>

#define SIZE(type, bytes)           _Static_assert(sizeof(type) == (bytes), #type)
#define OFFSET(type, member, bytes) _Static_assert(offsetof(type, member) == (bytes), #type "." #member)

SIZE(daos_event_t, 176);
OFFSET(daos_event_t, ev_error, 0);
OFFSET(daos_event_t, ev_private, 8);
OFFSET(daos_event_t, ev_debug, 168);

SIZE(daos_anchor_t, 120);
OFFSET(daos_anchor_t, da_type, 0);
OFFSET(daos_anchor_t, da_shard, 2);
OFFSET(daos_anchor_t, da_flags, 4);
OFFSET(daos_anchor_t, da_sub_anchors, 8);
OFFSET(daos_anchor_t, da_buf, 16);

SIZE(d_iov_t, 24);
OFFSET(d_iov_t, iov_buf, 0);
OFFSET(d_iov_t, iov_buf_len, 8);
OFFSET(d_iov_t, iov_len, 16);

SIZE(d_sg_list_t, 16);
OFFSET(d_sg_list_t, sg_nr, 0);
OFFSET(d_sg_list_t, sg_nr_out, 4);
OFFSET(d_sg_list_t, sg_iovs, 8);

SIZE(d_rank_list_t, 16);
OFFSET(d_rank_list_t, rl_ranks, 0);
OFFSET(d_rank_list_t, rl_nr, 8);

SIZE(daos_handle_t, 8);
OFFSET(daos_handle_t, cookie, 0);

SIZE(daos_epoch_range_t, 16);
OFFSET(daos_epoch_range_t, epr_lo, 0);
OFFSET(daos_epoch_range_t, epr_hi, 8);

SIZE(daos_cont_info_t, 48);
OFFSET(daos_cont_info_t, ci_uuid, 0);
OFFSET(daos_cont_info_t, ci_lsnapshot, 16);
OFFSET(daos_cont_info_t, ci_nhandles, 24);
OFFSET(daos_cont_info_t, ci_nsnapshots, 28);
OFFSET(daos_cont_info_t, ci_md_otime, 32);
OFFSET(daos_cont_info_t, ci_md_mtime, 40);

SIZE(daos_obj_id_t, 16);
OFFSET(daos_obj_id_t, lo, 0);
OFFSET(daos_obj_id_t, hi, 8);

SIZE(daos_range_t, 16);
OFFSET(daos_range_t, rg_idx, 0);
OFFSET(daos_range_t, rg_len, 8);

SIZE(daos_pool_info_t, 192);
OFFSET(daos_pool_info_t, pi_uuid, 0);
OFFSET(daos_pool_info_t, pi_ntargets, 16);
OFFSET(daos_pool_info_t, pi_nnodes, 20);
OFFSET(daos_pool_info_t, pi_ndisabled, 24);
OFFSET(daos_pool_info_t, pi_map_ver, 28);
OFFSET(daos_pool_info_t, pi_leader, 32);
OFFSET(daos_pool_info_t, pi_bits, 40);
OFFSET(daos_pool_info_t, pi_space, 48);
OFFSET(daos_pool_info_t, pi_rebuild_st, 136);

SIZE(daos_prop_t, 16);
OFFSET(daos_prop_t, dpp_nr, 0);
OFFSET(daos_prop_t, dpp_entries, 8);

SIZE(dfs_attr_t, 176);
OFFSET(dfs_attr_t, da_id, 0);
OFFSET(dfs_attr_t, da_chunk_size, 8);
OFFSET(dfs_attr_t, da_oclass_id, 16);
OFFSET(dfs_attr_t, da_props, 24);
OFFSET(dfs_attr_t, da_mode, 32);
OFFSET(dfs_attr_t, da_dir_oclass_id, 36);
OFFSET(dfs_attr_t, da_file_oclass_id, 40);
OFFSET(dfs_attr_t, da_hints, 44);

SIZE(dfs_iod_t, 16);
OFFSET(dfs_iod_t, iod_nr, 0);
OFFSET(dfs_iod_t, iod_rgs, 8);

SIZE(dfs_obj_info_t, 40);
OFFSET(dfs_obj_info_t, doi_oclass_id, 0);
OFFSET(dfs_obj_info_t, doi_chunk_size, 8);
OFFSET(dfs_obj_info_t, doi_dir_oclass_id, 16);
OFFSET(dfs_obj_info_t, doi_file_oclass_id, 20);
OFFSET(dfs_obj_info_t, doi_oid, 24);

SIZE(dfs_predicate_t, 272);
OFFSET(dfs_predicate_t, dp_name, 0);
OFFSET(dfs_predicate_t, dp_newer, 256);
OFFSET(dfs_predicate_t, dp_size, 264);

SIZE(daos_cont_layout_t, 2);

SIZE(daos_oclass_id_t, 4);

SIZE(struct daos_space, 32);
OFFSET(struct daos_space, s_total, 0);
OFFSET(struct daos_space, s_free, 16);

SIZE(struct daos_pool_space, 88);
OFFSET(struct daos_pool_space, ps_space, 0);
OFFSET(struct daos_pool_space, ps_free_min, 32);
OFFSET(struct daos_pool_space, ps_free_max, 48);
OFFSET(struct daos_pool_space, ps_free_mean, 64);
OFFSET(struct daos_pool_space, ps_ntargets, 80);

SIZE(struct daos_rebuild_status, 56);
OFFSET(struct daos_rebuild_status, rs_version, 0);
OFFSET(struct daos_rebuild_status, rs_seconds, 4);
OFFSET(struct daos_rebuild_status, rs_errno, 8);
OFFSET(struct daos_rebuild_status, rs_state, 12);
OFFSET(struct daos_rebuild_status, rs_max_supported_layout_ver, 16);
OFFSET(struct daos_rebuild_status, rs_flags, 18);
OFFSET(struct daos_rebuild_status, rs_fail_rank, 20);
OFFSET(struct daos_rebuild_status, rs_toberb_obj_nr, 24);
OFFSET(struct daos_rebuild_status, rs_obj_nr, 32);
OFFSET(struct daos_rebuild_status, rs_rec_nr, 40);
OFFSET(struct daos_rebuild_status, rs_size, 48);

SIZE(struct daos_pool_cont_info, 144);
OFFSET(struct daos_pool_cont_info, pci_uuid, 0);
OFFSET(struct daos_pool_cont_info, pci_label, 16);

SIZE(struct daos_prop_entry, 16);
OFFSET(struct daos_prop_entry, dpe_type, 0);
OFFSET(struct daos_prop_entry, dpe_flags, 4);
OFFSET(struct daos_prop_entry, dpe_val, 8);

SIZE(struct duns_attr_t, 480);
OFFSET(struct duns_attr_t, da_type, 0);
OFFSET(struct duns_attr_t, da_oclass_id, 4);
OFFSET(struct duns_attr_t, da_chunk_size, 8);
OFFSET(struct duns_attr_t, da_props, 16);
OFFSET(struct duns_attr_t, da_flags, 24);
OFFSET(struct duns_attr_t, da_pool, 28);
OFFSET(struct duns_attr_t, da_cont, 156);
OFFSET(struct duns_attr_t, da_sys, 288);
OFFSET(struct duns_attr_t, da_rel_path, 296);
OFFSET(struct duns_attr_t, da_on_lustre, 304);
OFFSET(struct duns_attr_t, da_no_prefix, 305);
OFFSET(struct duns_attr_t, da_puuid, 306);
OFFSET(struct duns_attr_t, da_cuuid, 322);
OFFSET(struct duns_attr_t, da_dir_oclass_id, 340);
OFFSET(struct duns_attr_t, da_file_oclass_id, 344);
OFFSET(struct duns_attr_t, da_hints, 348);

_Static_assert(DER_NO_PERM == 1001 && DER_QUOTA_LIMIT == 1046 && DER_IO == 2001, "errors");
_Static_assert(DAOS_HTYPE_EQ == 1 && DAOS_HTYPE_POOL == 3 && DAOS_HTYPE_CO == 5, "handles");
_Static_assert(DAOS_PROP_CO_LABEL == 0x1001 && DAOS_PROP_CO_LAYOUT_POSIX == 1, "properties");
_Static_assert(DFS_MAX_FSIZE == ~0ULL && DFS_DEFAULT_CHUNK_SIZE == 1048576, "sizes");
_Static_assert(DFS_SET_ATTR_SIZE == 8 && DFS_CHECK_EVICT_ALL == 16 && DFS_BALANCED == 4, "flags of DFS");
_Static_assert(DAOS_EQ_WAIT == -1 && DAOS_EQ_NOWAIT == 0 && DAOS_EQ_DESTROY_FORCE == 1, "event queues");

int main(void)
{
	return 0;
}
