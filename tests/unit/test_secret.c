// SPDX-License-Identifier: GPL-2.0-only
#include "unit.h"

#include "base/secret.h"

static const struct {
	const char *text, *masked;
} cases[] = {
	{ "", "" },
	{ "/images/a.qcow2", "/images/a.qcow2" },
	{ "/dev/disk/by-path/ip-10.0.0.1:3260-iscsi-iqn.2001-01.com.x:t-lun-1",
	  "/dev/disk/by-path/ip-10.0.0.1:3260-iscsi-iqn.2001-01.com.x:t-lun-1" },
	{ "nbd://h:10809/export", "nbd://h:10809/export" },
	{ "nbd+unix:///e?socket=/run/s", "nbd+unix:///e?socket=/run/s" },
	{ "rbd:pool/image@snap:id=admin:conf=/etc/ceph.conf:keyring=/etc/k",
	  "rbd:pool/image@snap:id=admin:conf=/etc/ceph.conf:keyring=/etc/k" },
	{ "ssh://user@h:22/p?host_key_check=no", "ssh://user@h:22/p?host_key_check=no" },
	{ "gluster+tcp://h:24007/vol/a.img?debug=4", "gluster+tcp://h:24007/vol/a.img?debug=4" },
	/* Before the host. */
	{ "iscsi://user%SECRET@192.0.2.3/iqn.x:t/1", "iscsi://user%***@192.0.2.3/iqn.x:t/1" },
	{ "https://user:SECRET@h/x.iso", "https://user:***@h/x.iso" },
	{ "ftp://user:SECRET@h/x", "ftp://user:***@h/x" },
	{ "ssh://user:SECRET@h/x@y", "ssh://user:***@h/x@y" },
	{ "https://:SECRET@h/x", "https://:***@h/x" },
	{ "https://SECRET@h/x", "https://***@h/x" },
	{ "https://user:SE@CRET@h/x", "https://user:***@h/x" },
	{ "https://user:SE/CRET@h/x", "https://user:***@h/x" },
	{ "https://[::1]:443/x@y", "https://[::1]:443/x@y" },
	{ "https://user:SECRET@[::1]:443/x", "https://user:***@[::1]:443/x" },
	{ "iscsi://user%SE/CRET@h/t/1", "iscsi://user%***@h/t/1" },
	{ "iscsi:user%SECRET@h/t/1", "iscsi:user%***@h/t/1" },
	{ "https://h/x?from=https://u:SECRET@g/y", "https://h/x?from=https://u:***@g/y" },
	/* Behind a key. */
	{ "rbd:p/i:key=SECRET==:mon_host=h", "rbd:p/i:key=***:mon_host=h" },
	{ "rbd:p/i:id=a:password=SE\\:CRET:x=y", "rbd:p/i:id=a:password=***:x=y" },
	{ "https://h/x?a=b&token=SECRET&c=d", "https://h/x?a=b&token=***&c=d" },
	{ "https://h/x?X-Amz-Credential=SECRET&X-Amz-Date=1&X-Amz-Signature=SECRET",
	  "https://h/x?X-Amz-Credential=***&X-Amz-Date=1&X-Amz-Signature=***" },
	{ "https://h/x?sv=2020&sig=SE%2FCRET%3D&se=1", "https://h/x?sv=2020&sig=***&se=1" },
	{ "https://h/x?AWSAccessKeyId=SECRET&Expires=1",
	  "https://h/x?AWSAccessKeyId=***&Expires=1" },
	{ "https://h/x?API_KEY=SECRET#top", "https://h/x?API_KEY=***#top" },
	{ "a.img,password=SECRET,x=y", "a.img,password=***,x=y" },
	{ "a.img,file.key-secret=SECRET,cookie=SECRET", "a.img,file.key-secret=***,cookie=***" },
	{ "/mnt/token=SECRET/a.img", "/mnt/token=***/a.img" },
	/* In JSON. */
	{ "json:{\"driver\": \"https\", \"url\": \"https://u:SECRET@h/x\", \"password\": "
	  "\"SE\\\"CRET\", \"cookie\":\"SECRET\", \"readahead\": 1}",
	  "json:{\"driver\": \"https\", \"url\": \"https://u:***@h/x\", \"password\": \"***\", "
	  "\"cookie\":\"***\", \"readahead\": 1}" },
	{ "json:{'key':'SECRET','pin-token': 123,\"url\":\"https://h\",\"x\":\"a@b\"}",
	  "json:{'key':'***','pin-token': ***,\"url\":\"https://h\",\"x\":\"a@b\"}" },
	{ "key=", "key=" },
	{ "key", "key" },
	{ "\"key\":", "\"key\":" },
	{ "://", "://" },
	{ "://@", "://@" },
	{ "key=\\", "key=***" },
};

static void test_mask(void **state)
{
	char text[512], twice[512];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		secret_mask(text, sizeof(text), cases[i].text);
		assert_string_equal(text, cases[i].masked);
		secret_mask(twice, sizeof(twice), text);
		assert_string_equal(twice, text);
	}
}

/* Masked before it is cut: in what is left, nobody would see a secret. */
static void test_cut(void **state)
{
	char text[1024] = "https://user:", masked[64];

	(void)state;
	memset(text + strlen(text), 'S', 500);
	strcat(text, "@h/x");
	secret_mask(masked, sizeof(masked), text);
	assert_string_equal(masked, "https://user:***@h/x");
	for (size_t size = 1; size < 32; size++) {
		char cut[32];

		secret_mask(cut, size, "/ä/key=SECRET/ö");
		assert_true(strlen(cut) < size);
		assert_null(strchr(cut, 'S'));
		assert_int_not_equal((unsigned char)cut[strlen(cut) ? strlen(cut) - 1 : 0], 0xc3);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mask),
		cmocka_unit_test(test_cut),
	};

	return cmocka_run_group_tests_name("secret", tests, NULL, NULL);
}
