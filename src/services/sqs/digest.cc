#include "services/sqs/digest.h"

#include <openssl/evp.h>

#include "aws/sigv4.h"
#include "base/strings.h"

namespace unkai::services::sqs {

namespace {

void put_sized(std::string& out, std::string_view bytes) {
    const auto size = static_cast<uint32_t>(bytes.size());
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(size >> shift & 0xFF);
    out += bytes;
}

}  // namespace

std::string md5_hex(std::string_view text) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    const int done = ::EVP_Digest(text.data(), text.size(), digest, &size, ::EVP_md5(), nullptr);
    CHECK(done == 1, "MD5 is not to be had");
    return hex({reinterpret_cast<const char*>(digest), size});
}

std::string md5_of_attributes(const std::map<std::string, StoredAttribute>& attributes) {
    std::string bytes;
    for (const auto& [name, attribute] : attributes) {
        put_sized(bytes, name);
        put_sized(bytes, attribute.type);
        bytes += attribute.type.starts_with("Binary") ? '\x02' : '\x01';
        put_sized(bytes, attribute.value);
    }
    return md5_hex(bytes);
}

std::string sha256_hex_of(std::string_view body) { return aws::sigv4::sha256_hex(body); }

}  // namespace unkai::services::sqs
