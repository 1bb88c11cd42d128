#include "base/memory.h"

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

namespace unkai {

// Segments that are never written; what the linker relocates is in writable ones.
static int drop_clean_segments(dl_phdr_info* object, size_t, void*) {
    const auto page = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
    for (int i = 0; i < object->dlpi_phnum; ++i) {
        const auto& segment = object->dlpi_phdr[i];
        if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
        const uintptr_t start = object->dlpi_addr + segment.p_vaddr;
        const uintptr_t first = (start + page - 1) / page * page;
        const uintptr_t end = (start + segment.p_memsz) / page * page;
        if (first < end) ::madvise(reinterpret_cast<void*>(first), end - first, MADV_DONTNEED);
    }
    return 0;
}

void give_back_memory() {
    ::malloc_trim(0);
    ::dl_iterate_phdr(&drop_clean_segments, nullptr);
}

}  // namespace unkai
