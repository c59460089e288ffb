# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What an extension is: modules, names, programs, maps. The only resolver."""
