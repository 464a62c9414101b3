/** How glibc differs, in the names that it exports, from that of Debian 12 (2.36), which the tests run with. */
export interface OtherLibc {
  readonly version: string;
  /** Names that it has and 2.36 has not, all. */
  readonly beyond: string;
  /** Names of rows of the table that 2.36 has and it has not. */
  readonly missing: string;
}

// libc.so.6 with libpthread, libdl, librt and libutil, which were libraries of their own before 2.34.
export const otherLibcs: readonly OtherLibc[] = [
  {
    version: '2.31',
    beyond: `
      malloc_get_state malloc_set_state`,
    missing: `
      close_range closefrom execveat fspick fstat fstat64 fstatat fstatat64 lstat lstat64 mknod mknodat
      mount_setattr move_mount open_tree stat stat64`,
  },
  {
    version: '2.41',
    beyond: `
      __isoc23_fscanf __isoc23_fwscanf __isoc23_scanf __isoc23_sscanf __isoc23_strtoimax __isoc23_strtol
      __isoc23_strtol_l __isoc23_strtoll __isoc23_strtoll_l __isoc23_strtoul __isoc23_strtoul_l
      __isoc23_strtoull __isoc23_strtoull_l __isoc23_strtoumax __isoc23_swscanf __isoc23_vfscanf
      __isoc23_vfwscanf __isoc23_vscanf __isoc23_vsscanf __isoc23_vswscanf __isoc23_vwscanf __isoc23_wcstoimax
      __isoc23_wcstol __isoc23_wcstol_l __isoc23_wcstoll __isoc23_wcstoll_l __isoc23_wcstoul
      __isoc23_wcstoul_l __isoc23_wcstoull __isoc23_wcstoull_l __isoc23_wcstoumax __isoc23_wscanf
      __strlcat_chk __strlcpy_chk __wcslcat_chk __wcslcpy_chk pidfd_getpid pidfd_spawn pidfd_spawnp
      posix_spawnattr_getcgroup_np posix_spawnattr_setcgroup_np sched_getattr sched_setattr stdc_bit_ceil_uc
      stdc_bit_ceil_ui stdc_bit_ceil_ul stdc_bit_ceil_ull stdc_bit_ceil_us stdc_bit_floor_uc stdc_bit_floor_ui
      stdc_bit_floor_ul stdc_bit_floor_ull stdc_bit_floor_us stdc_bit_width_uc stdc_bit_width_ui
      stdc_bit_width_ul stdc_bit_width_ull stdc_bit_width_us stdc_count_ones_uc stdc_count_ones_ui
      stdc_count_ones_ul stdc_count_ones_ull stdc_count_ones_us stdc_count_zeros_uc stdc_count_zeros_ui
      stdc_count_zeros_ul stdc_count_zeros_ull stdc_count_zeros_us stdc_first_leading_one_uc
      stdc_first_leading_one_ui stdc_first_leading_one_ul stdc_first_leading_one_ull stdc_first_leading_one_us
      stdc_first_leading_zero_uc stdc_first_leading_zero_ui stdc_first_leading_zero_ul
      stdc_first_leading_zero_ull stdc_first_leading_zero_us stdc_first_trailing_one_uc
      stdc_first_trailing_one_ui stdc_first_trailing_one_ul stdc_first_trailing_one_ull
      stdc_first_trailing_one_us stdc_first_trailing_zero_uc stdc_first_trailing_zero_ui
      stdc_first_trailing_zero_ul stdc_first_trailing_zero_ull stdc_first_trailing_zero_us
      stdc_has_single_bit_uc stdc_has_single_bit_ui stdc_has_single_bit_ul stdc_has_single_bit_ull
      stdc_has_single_bit_us stdc_leading_ones_uc stdc_leading_ones_ui stdc_leading_ones_ul
      stdc_leading_ones_ull stdc_leading_ones_us stdc_leading_zeros_uc stdc_leading_zeros_ui
      stdc_leading_zeros_ul stdc_leading_zeros_ull stdc_leading_zeros_us stdc_trailing_ones_uc
      stdc_trailing_ones_ui stdc_trailing_ones_ul stdc_trailing_ones_ull stdc_trailing_ones_us
      stdc_trailing_zeros_uc stdc_trailing_zeros_ui stdc_trailing_zeros_ul stdc_trailing_zeros_ull
      stdc_trailing_zeros_us strlcat strlcpy wcslcat wcslcpy`,
    missing: '',
  },
];
