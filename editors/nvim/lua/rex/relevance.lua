-- SPDX-License-Identifier: Apache-2.0 OR MIT
-- Tells a crate that may hold a Rex extension from any other Rust, without starting anything.

local M = {}

local function read(path)
  local file = io.open(path, "rb")
  if file == nil then
    return nil
  end
  local text = file:read("*a")
  file:close()
  return text
end

--- Whether a manifest names rex: as a dependency, a renamed one, or in its metadata.
function M.manifest_names_rex(text)
  for line in text:gmatch("[^\r\n]+") do
    local code = " " .. line:gsub("#.*$", "") .. " "
    if code:find("[^%w_-]rex[^%w_-]") ~= nil then
      return true
    end
  end
  return false
end

--- Whether a source uses a Rex attribute or path.
function M.source_uses_rex(text)
  local code = " " .. text
  return code:find("#!?%[%s*rex_%w") ~= nil or code:find("[^%w_]rex::") ~= nil
end

--- The directory that is the root of the crate or workspace of a buffer when it may be Rex, else
--- nil: the uppermost manifest's directory, or the file's own when there is no manifest and the
--- source itself names rex.
function M.root(buffer)
  local path = vim.api.nvim_buf_get_name(buffer)
  if path == "" then
    return nil
  end
  local root, names = nil, false
  local dir = vim.fn.fnamemodify(path, ":p:h")
  while true do
    local manifest = read(dir .. "/Cargo.toml")
    if manifest ~= nil then
      root = dir
      names = names or M.manifest_names_rex(manifest)
    end
    local above = vim.fn.fnamemodify(dir, ":h")
    if above == dir then
      break
    end
    dir = above
  end
  if root ~= nil then
    return names and root or nil
  end
  local source = table.concat(vim.api.nvim_buf_get_lines(buffer, 0, -1, false), "\n")
  return M.source_uses_rex(source) and vim.fn.fnamemodify(path, ":p:h") or nil
end

return M
