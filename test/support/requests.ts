/**
 * Python: requests(path), how many requests of each kind (opcodes of <linux/fuse.h>: 15 READ, 16 WRITE) the dfuse of a
 * mount has had, and transfers(path), READ and WRITE together.
 */
export const countRequests = `
import fcntl, os, struct
def requests(path):
    fd = os.open(path, os.O_RDONLY)
    out = bytearray(8 + 512)
    fcntl.ioctl(fd, 2 << 30 | len(out) << 16 | 0xA3 << 8 | 0xE2, out)
    os.close(fd)
    return struct.unpack('64Q', bytes(out)[8:])
def transfers(path):
    counts = requests(path)
    return counts[15] + counts[16]`;
