# SPDX-License-Identifier: GPL-2.0-or-later
# How the rpm packages are built on a Debian system, where what they need has other
# names. To be sourced.

# shellcheck shell=bash disable=SC2034
rpmbuild_flags="--nodeps --with static --define 'debug_package %{nil}'"
