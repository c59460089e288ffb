-- SPDX-License-Identifier: Apache-2.0 OR MIT
-- What the server is doing for a command, on the command line, where no other plugin shows it.

local M = {}

local titles = {}

--- Takes the parameters of one `$/progress`; the checks on save stay silent.
function M.take(params)
  local value, token = params.value, params.token
  if value.kind == "begin" then
    titles[token] = value.title
  end
  local title = titles[token]
  if value.kind == "end" then
    titles[token] = nil
  elseif title ~= nil and not title:find("checking", 1, true) then
    local text = value.message and title .. ": " .. value.message or title
    local room = vim.o.columns - 12
    vim.api.nvim_echo({ { text:sub(1, math.max(room, 20)) } }, false, {})
  end
end

return M
