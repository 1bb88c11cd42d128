#include "images/hash.h"

#include <openssl/evp.h>

#include "base/strings.h"

namespace unkai::images {

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
    EVP_DigestInit_ex(context_, EVP_sha256(), nullptr);
}
Sha256::~Sha256() { EVP_MD_CTX_free(context_); }
void Sha256::add(std::string_view bytes) { EVP_DigestUpdate(context_, bytes.data(), bytes.size()); }

void Sha256::add_field(std::string_view text) {
    add(std::to_string(text.size()) + ":");
    add(text);
}

std::string Sha256::hex() {
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    EVP_DigestFinal_ex(context_, sum, &size);
    return unkai::hex(std::string_view(reinterpret_cast<const char*>(sum), size));
}

std::string sha256_of(std::string_view bytes) {
    Sha256 hash;
    hash.add(bytes);
    return hash.hex();
}

}  // namespace unkai::images
