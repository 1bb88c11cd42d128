#include "planes/mysql/password.h"

#include <openssl/sha.h>

#include "base/strings.h"
#include "planes/mysql/plane.h"

namespace unkai::planes::mysql {

namespace {

std::string sha1(std::string_view bytes) {
    std::string out(SHA_DIGEST_LENGTH, '\0');
    SHA1(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(),
         reinterpret_cast<uint8_t*>(out.data()));
    return out;
}

std::string sha256(std::string_view bytes) {
    std::string out(SHA256_DIGEST_LENGTH, '\0');
    SHA256(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(),
           reinterpret_cast<uint8_t*>(out.data()));
    return out;
}

std::string exclusive_or(std::string a, const std::string& b) {
    for (size_t i = 0; i < a.size(); ++i) a[i] = static_cast<char>(a[i] ^ b[i]);
    return a;
}

}  // namespace

std::string password_hash(std::string_view password) {
    return "*" + to_upper(hex(sha1(sha1(password))));
}

Result<std::string> answer_login(std::string_view password, std::string_view plugin,
                                 std::string_view nonce) {
    if (plugin == "mysql_clear_password") return std::string(password) + '\0';
    if (password.empty()) return std::string();
    if (plugin == "mysql_native_password") {
        const std::string once = sha1(password);
        return exclusive_or(once, sha1(std::string(nonce) + sha1(once)));
    }
    if (plugin == "caching_sha2_password") {
        const std::string once = sha256(password);
        return exclusive_or(once, sha256(sha256(once) + std::string(nonce)));
    }
    return fail("MySqlLogin",
                "The server asks for the login plugin " + std::string(plugin) +
                    ", which is not spoken here.",
                403);
}

}  // namespace unkai::planes::mysql
