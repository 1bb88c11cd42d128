// For tests that run containers for real, without a registry: an image made of this machine's
// programs.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/strings.h"
#include "planes/containers/image.h"
#include "wire/json.h"

namespace unkai::planes::containers {

// Makes <folder>/layout, an OCI image layout with a shell and some programs of this machine, and
// the libraries that they need.
inline void build_layout(const std::string& folder) {
    const std::string script = R"(set -e
mkdir -p root/bin root/etc/ssl/certs root/tmp root/home/app root/lib64
chmod 1777 root/tmp
for f in sh cat sleep ls id head tail mkdir mount mknod unshare touch dd wc env grep stat nproc; do
  p=$(command -v $f); cp -L $p root/bin/$f
  for l in $(ldd $p 2>/dev/null | grep -o '/[^ ]*'); do mkdir -p root$(dirname $l)
    cp -Ln $l root$l; done
done
echo 'root:x:0:0::/root:/bin/sh' > root/etc/passwd
echo 'app:x:1000:1000::/home/app:/bin/sh' >> root/etc/passwd
echo 'root:x:0:' > root/etc/group; echo 'app:x:1000:' >> root/etc/group
echo 'BUNDLE' > root/etc/ssl/certs/ca-certificates.crt
echo lower > root/etc/removed
ln -s /run/systemd/resolve/stub-resolv.conf root/etc/resolv.conf
tar -C root --numeric-owner --owner=0 --group=0 -czf base.tgz .
mkdir -p top/etc; : > top/etc/.wh.removed; tar -C top --owner=0 --group=0 -cf top.tar .
)";
    const std::string command =
        "cd " + folder + " && sh -c '" + replace_all(script, "'", "'\\''") + "'";
    ASSERT_EQ(std::system(command.c_str()), 0);
    using wire::Json;
    std::filesystem::create_directories(folder + "/layout/blobs/sha256");
    const auto add = [&](const std::string& bytes) {
        const std::string digest = sha256_digest(bytes);
        std::ofstream(folder + "/layout/blobs/sha256/" + digest.substr(7), std::ios::binary)
            << bytes;
        return Json::object({{"digest", digest}, {"size", static_cast<int64_t>(bytes.size())}});
    };
    Json layers = Json::array();
    for (const char* name : {"base.tgz", "top.tar"}) {
        std::ifstream stream(folder + "/" + name, std::ios::binary);
        layers.push(add({std::istreambuf_iterator<char>(stream), {}}));
    }
    const Json config = add(R"({"os":"linux","config":{"Cmd":["/bin/sh","-c","echo default"],
        "Env":["FROM_IMAGE=yes","PATH=/bin"],"WorkingDir":"/work"}})");
    const Json manifest =
        add(Json::object({{"schemaVersion", 2}, {"config", config}, {"layers", layers}}).dump());
    std::ofstream(folder + "/layout/index.json")
        << Json::object({{"schemaVersion", 2}, {"manifests", Json::array({manifest})}}).dump();
}

}  // namespace unkai::planes::containers
