-- Judges the form that is sent to /upload/image, for haproxy.cfg: one media file, and for the input folder.
--
-- ComfyUI takes the folder from the form's field `type`, and of two fields of one name the first. So everything up to
-- the file is judged. What follows the file is judged too where the whole form fits HAProxy's buffer; a longer form has
-- to say type=input before the file, so that nothing unseen can say otherwise.

local ENDINGS = "png jpg jpeg webp gif bmp tif tiff wav mp3 m4a aac flac ogg oga opus mp4 m4v mov mkv webm avi "
local VALUES = {
    type = { input = true },
    overwrite = { ["true"] = true, ["false"] = true, ["1"] = true, ["0"] = true },
}

local NO_MEDIA = "Only a media file is taken (field image), and only for the input folder."
local UNSEEN = "In a form of this size the field type=input has to come before the field image."

-- Returns field name, file name (nil where there is none) and where the data begins, of the part whose head begins at
-- `from`. Returns nothing when the head is written in an unusual way: ComfyUI might read it differently.
local function read_head(body, from)
    local _, last = body:find("\r\n\r\n", from, true)
    if not last then return end
    local name, filename
    for line in body:sub(from, last - 2):gmatch("(.-)\r\n") do
        local key, value = line:match("^([%w-]+): ([^%c]+)$")
        local kind = value and value:lower()
        key = key and key:lower()
        if key == "content-disposition" and not name then
            local rest
            name, rest = value:match('^form%-data; name="(%l+)"(.*)$')
            filename = rest and rest:match('^; filename="([^"\\/%%;%c]+)"$')
            if not name or (rest ~= "" and not filename) then return end
        elseif key ~= "content-type" or not (kind:find("^%l+/[%w.+-]+$") or kind == "text/plain; charset=utf-8")
            or kind:find("^multipart/") then
            return
        end
    end
    return name, filename, last + 1
end

local function is_media(name, filename)
    local ending = filename:match("^[^.].*%.(%w+)$")
    return name == "image" and ending and ENDINGS:find(ending:lower() .. " ", 1, true)
end

local function is_allowed(name, value)
    if name == "subfolder" then return value == "" or value:find("^[%w_-][%w_/-]*$") end
    return VALUES[name] and VALUES[name][value]
end

-- Returns the form's boundary, or nil and why the form is refused. `length` is the whole body's, in bytes.
local function judge(body, length)
    local boundary = body:match("^%-%-([%w_.+=-]+)\r\n")
    if not boundary or #boundary > 70 then return nil, NO_MEDIA end
    local mark = "\r\n--" .. boundary
    local at, has_file, says_input = #boundary + 5, false, false
    while true do
        local name, filename, data = read_head(body, at)
        if filename and not has_file and is_media(name, filename) then
            has_file = true
            if #body < length then
                if says_input then return boundary end
                return nil, UNSEEN
            end
        elseif not name or filename then
            return nil, NO_MEDIA
        end
        -- An empty part's end is also its head's.
        local stop, last = body:find(mark, data - 2, true)
        if not stop or (not filename and not is_allowed(name, body:sub(data, stop - 1))) then return nil, NO_MEDIA end
        says_input = says_input or name == "type"
        local after = body:sub(last + 1, last + 2)
        if after == "--" and has_file then return boundary end
        if after ~= "\r\n" then return nil, NO_MEDIA end
        at = last + 3
    end
end

core.register_action("judge_upload", { "http-req" }, function(transaction)
    local boundary, refusal = judge(transaction.f:req_body(), tonumber(transaction.f:req_hdr("content-length")))
    if boundary then
        transaction:set_var("txn.boundary", boundary)
    else
        transaction:set_var("txn.refusal", refusal)
    end
end)
