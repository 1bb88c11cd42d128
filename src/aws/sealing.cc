#include "aws/sealing.h"

#include <openssl/evp.h>

#include <memory>

#include "base/check.h"

namespace unkai::aws {

namespace {

constexpr size_t nonce_bytes = 12, tag_bytes = 16;

using Cipher = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

std::string seal(std::string_view key, std::string_view context, std::string_view text,
                 Random& random) {
    CHECK(key.size() == sealing_key_bytes);
    const std::string nonce = random.bytes(nonce_bytes);
    std::string sealed(text.size(), '\0'), tag(tag_bytes, '\0');
    const Cipher cipher(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
    int length = 0;
    CHECK(EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, bytes_of(key),
                             bytes_of(nonce)) == 1);
    CHECK(EVP_EncryptUpdate(cipher.get(), nullptr, &length, bytes_of(context),
                            static_cast<int>(context.size())) == 1);
    auto* out = reinterpret_cast<unsigned char*>(sealed.data());
    CHECK(EVP_EncryptUpdate(cipher.get(), out, &length, bytes_of(text),
                            static_cast<int>(text.size())) == 1);
    CHECK(EVP_EncryptFinal_ex(cipher.get(), out + length, &length) == 1);
    CHECK(EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, tag_bytes, tag.data()) == 1);
    return nonce + sealed + tag;
}

std::optional<std::string> unseal(std::string_view key, std::string_view context,
                                  std::string_view sealed) {
    if (key.size() != sealing_key_bytes || sealed.size() < nonce_bytes + tag_bytes)
        return std::nullopt;
    const std::string_view nonce = sealed.substr(0, nonce_bytes);
    const std::string_view body =
        sealed.substr(nonce_bytes, sealed.size() - nonce_bytes - tag_bytes);
    std::string tag(sealed.substr(sealed.size() - tag_bytes)), text(body.size(), '\0');
    const Cipher cipher(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
    int length = 0;
    auto* out = reinterpret_cast<unsigned char*>(text.data());
    const bool good =
        EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, bytes_of(key),
                           bytes_of(nonce)) == 1 &&
        EVP_DecryptUpdate(cipher.get(), nullptr, &length, bytes_of(context),
                          static_cast<int>(context.size())) == 1 &&
        EVP_DecryptUpdate(cipher.get(), out, &length, bytes_of(body),
                          static_cast<int>(body.size())) == 1 &&
        EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, tag_bytes, tag.data()) == 1 &&
        EVP_DecryptFinal_ex(cipher.get(), out + length, &length) == 1;
    if (!good) return std::nullopt;
    return text;
}

}  // namespace unkai::aws
