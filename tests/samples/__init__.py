# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The samples, built and run as a person does it."""
