import { describe } from 'vitest';
import { sameAsKernel } from '../support/compare.js';
import { useMountedContainer } from '../support/mounted.js';

const mounted = useMountedContainer();

/** Two ranks write blocks in turn, collectively and alone, and read what the other one wrote. */
const mpiProgram = `cat > io.c <<'END'
#include <mpi.h>
#include <stdio.h>
#include <string.h>
#define N 4096
static void check(const char *what, int r) { if (r != MPI_SUCCESS) { char s[MPI_MAX_ERROR_STRING]; int n; MPI_Error_string(r, s, &n); printf("%s: %s\\n", what, s); } }
int main(int argc, char **argv)
{
	int rank, size, buf[N], sum = 0, local = 0;
	MPI_File f; MPI_Status st; MPI_Offset end; MPI_Datatype view;
	MPI_Init(&argc, &argv); MPI_Comm_rank(MPI_COMM_WORLD, &rank); MPI_Comm_size(MPI_COMM_WORLD, &size);
	for (int i = 0; i < N; i++) buf[i] = rank * N + i;
	check("open", MPI_File_open(MPI_COMM_WORLD, "data", MPI_MODE_CREATE | MPI_MODE_RDWR, MPI_INFO_NULL, &f));
	check("set_size", MPI_File_set_size(f, 0));
	check("write_at_all", MPI_File_write_at_all(f, (MPI_Offset)rank * sizeof(buf), buf, N, MPI_INT, &st));
	check("sync", MPI_File_sync(f)); MPI_Barrier(MPI_COMM_WORLD); check("sync", MPI_File_sync(f));
	check("read_at", MPI_File_read_at(f, (MPI_Offset)((rank + 1) % size) * sizeof(buf), buf, N, MPI_INT, &st));
	for (int i = 0; i < N; i++) local += buf[i] == ((rank + 1) % size) * N + i;
	MPI_Type_vector(N / 16, 16, 16 * size, MPI_INT, &view); MPI_Type_commit(&view);
	check("set_view", MPI_File_set_view(f, (MPI_Offset)size * sizeof(buf) + rank * 16 * sizeof(int), MPI_INT, view, "native", MPI_INFO_NULL));
	check("write_all", MPI_File_write_all(f, buf, N, MPI_INT, &st));
	check("seek", MPI_File_seek(f, 0, MPI_SEEK_SET)); memset(buf, 0, sizeof(buf));
	check("read_all", MPI_File_read_all(f, buf, N, MPI_INT, &st));
	for (int i = 0; i < N; i++) local += buf[i] == ((rank + 1) % size) * N + i;
	MPI_Barrier(MPI_COMM_WORLD); check("get_size", MPI_File_get_size(f, &end)); check("close", MPI_File_close(&f));
	MPI_File_open(MPI_COMM_SELF, rank ? "one" : "zero", MPI_MODE_CREATE | MPI_MODE_WRONLY | MPI_MODE_APPEND, MPI_INFO_NULL, &f);
	check("write", MPI_File_write(f, "text\\n", 5, MPI_CHAR, &st)); MPI_File_close(&f);
	MPI_Reduce(&local, &sum, 1, MPI_INT, MPI_SUM, 0, MPI_COMM_WORLD);
	if (rank == 0) printf("%d ranks, %d of %d right, %lld bytes\\n", size, sum, size * 2 * N, (long long)end);
	MPI_Finalize();
	return 0;
}
END`;

describe('MPI-IO', () => {
  sameAsKernel(mounted, {
    name: 'mpich: two ranks write and read one file',
    needs: ['mpicc.mpich', 'mpiexec.mpich'],
    repeatable: false,
    options: { seconds: 90 },
    script: `${mpiProgram}
      mpicc.mpich -o io io.c; mpiexec.mpich -n 2 ./io; mpiexec.mpich -n 2 ./io; sha256sum data one zero`,
  });
  sameAsKernel(mounted, {
    name: 'Open MPI: two ranks write and read one file',
    needs: ['mpicc.openmpi', 'mpiexec.openmpi'],
    repeatable: false,
    options: {
      seconds: 90,
      env: { OMPI_ALLOW_RUN_AS_ROOT: '1', OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1', OMPI_MCA_btl: 'self,vader' },
    },
    script: `${mpiProgram}
      mpicc.openmpi -o io io.c
      for io in romio321 ompio; do mpiexec.openmpi --mca io $io --oversubscribe -n 2 ./io; sha256sum data one zero; done`,
  });
});

describe('HDF5', () => {
  sameAsKernel(mounted, {
    name: 'a chunked, compressed data set is written, extended, repacked, copied and compared',
    needs: ['h5cc', 'h5dump', 'h5repack'],
    repeatable: false,
    options: { seconds: 120 },
    script: `cat > make.c <<'END'
#include <hdf5.h>
#include <stdio.h>
int main(void)
{
	hsize_t size[2] = {100, 100}, most[2] = {H5S_UNLIMITED, 100}, chunk[2] = {10, 100}, more[2] = {200, 100};
	static int data[200][100];
	for (int i = 0; i < 200; i++) for (int j = 0; j < 100; j++) data[i][j] = i * j;
	hid_t f = H5Fcreate("f.h5", H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), s = H5Screate_simple(2, size, most), p = H5Pcreate(H5P_DATASET_CREATE);
	H5Pset_chunk(p, 2, chunk); H5Pset_deflate(p, 6);
	hid_t g = H5Gcreate(f, "group", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), d = H5Dcreate(g, "set", H5T_NATIVE_INT, s, H5P_DEFAULT, p, H5P_DEFAULT);
	H5Dwrite(d, H5T_NATIVE_INT, s, H5S_ALL, H5P_DEFAULT, data); H5Dclose(d); H5Fclose(f);
	f = H5Fopen("f.h5", H5F_ACC_RDWR, H5P_DEFAULT); d = H5Dopen(f, "group/set", H5P_DEFAULT);
	H5Dset_extent(d, more); H5Dwrite(d, H5T_NATIVE_INT, H5S_ALL, H5S_ALL, H5P_DEFAULT, data); H5Dclose(d);
	printf("%d\\n", H5Fopen("f.h5", H5F_ACC_RDONLY, H5P_DEFAULT) < 0); H5Fclose(f);
	return 0;
}
END
      h5cc -o make make.c; ./make 2> /dev/null; h5ls -r f.h5; h5dump -d /group/set -s 199,98 -c 1,2 f.h5; h5repack -f GZIP=1 f.h5 packed.h5; h5diff f.h5 packed.h5
      h5copy -i f.h5 -o copy.h5 -s /group -d /other -p; h5dump -d /other/set copy.h5 | grep -v '^HDF5' | sha256sum; h5repack -f NONE -l CONTI f.h5 plain.h5; h5dump -d /group/set -b -o raw plain.h5 | tail -1; sha256sum raw; h5stat f.h5 | grep 'Total raw data size'`,
  });
});
